// SPDX-License-Identifier: BSD-3-Clause
#include "adit/unsafe_null.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static struct log log_;

static void begin(void)
{
	log_open(&log_, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "test");
	log_.fd = open("/dev/null", O_WRONLY);
	log_.events = event_log_new();
}

static void end(void)
{
	close(log_.fd);
	event_log_free(log_.events);
	log_close(&log_);
}

static const char *told(void)
{
	const struct event_history *h = &log_.events->history;
	const struct event_record *r = event_history_get(h, h->next_seq - 1);

	return r ? r->text : "";
}

static int choose(const char *first, const char *second, uint16_t n_engines,
	const struct crypto_driver **driver)
{
	struct config *config = config_new();
	struct crypto_view view = {0};

	config->n_engines = n_engines;
	config->n_listen = second ? 2 : 1;
	inet_pton(AF_INET, first, &config->listen_be[0]);
	if (second)
		inet_pton(AF_INET, second, &config->listen_be[1]);
	*driver = NULL;
	int error = unsafe_null_choose(config, &log_, driver, &view);
	config_free(config);
	return error;
}

TEST(unsafe_null, in_the_network_for_benchmarks_it_is_loud)
{
	const struct crypto_driver *driver;

	begin();
	EXPECT_EQ(0, choose("198.18.0.1", "198.19.255.254", 0, &driver));
	ASSERT_TRUE(driver != NULL);
	EXPECT_STREQ(driver->name, "null");
	EXPECT_FALSE(driver->for_production);
	EXPECT_STRCONTAINS(told(), "event=unencrypted");
	EXPECT_STRCONTAINS(told(), "NOTHING IS ENCRYPTED");
	end();
}

TEST(unsafe_null, where_people_might_call_it_is_refused)
{
	static const struct {
		const char *first, *second;
		uint16_t n_engines;
	} cases[] = {
		{"203.0.113.1", NULL, 0},
		{"10.0.0.1", NULL, 0}, // a private network has people in it
		{"0.0.0.0", NULL, 0},  // so might any
		{"198.17.255.255", NULL, 0},
		{"198.20.0.0", NULL, 0},
		{"198.18.0.1", "192.168.1.1", 0},
		{"198.18.0.1", NULL, 1},
	};
	const struct crypto_driver *driver;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		begin();
		EXPECT_EQ(-EPERM,
			choose(cases[i].first, cases[i].second, cases[i].n_engines, &driver));
		EXPECT_NULL(driver);
		EXPECT_STRCONTAINS(told(), "event=start-failed");
		EXPECT_STRCONTAINS(told(), "--perf-unsafe-null");
		end();
	}
}
