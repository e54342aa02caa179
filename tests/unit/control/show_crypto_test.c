// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"
#include "shim/shim.h"

enum { PAGE_BYTES = 16384, PAGES_MAX = 256 };

static struct control control;
static struct config config;
static struct crypto_view view;
static struct crypto_counters worker, engine;
static struct crypto_channel_counters channel;
static char text[PAGES_MAX * PAGE_BYTES];

// As the API does: text twice, first to measure.
static const char *show(bool is_json)
{
	static char page[PAGE_BYTES];
	static struct show s;

	memset(&s, 0, sizeof(s));
	size_t len = 0;
	for (int pass = is_json ? 1 : 0; pass < 2; pass++) {
		s.stage = 0;
		s.cursor = 0;
		s.render.page = page;
		s.render.cap = sizeof(page);
		s.render.len = 0;
		render_begin(&s.render, is_json, pass == 0);
		bool is_end = false;
		for (int i = 0; i < PAGES_MAX && !is_end; i++) {
			is_end = show_crypto(&control, &s);
			if (is_end)
				render_end(&s.render);
			memcpy(text + len, page, s.render.len);
			len += s.render.len;
			render_set_page(&s.render, page, sizeof(page));
		}
		EXPECT_TRUE(is_end);
	}
	text[len] = '\0';
	return text;
}

static void reset(void)
{
	memset(&control, 0, sizeof(control));
	memset(&view, 0, sizeof(view));
	memset(&worker, 0, sizeof(worker));
	memset(&engine, 0, sizeof(engine));
	memset(&channel, 0, sizeof(channel));
	memset(&config, 0, sizeof(config));
	strcpy(config.crypto_driver, "sw");
	config.worker_cpus[0] = 2;
	control.config.config = &config;
	control.config.crypto = &view;
	view = (struct crypto_view){
		.driver = "sw", .tsc_hz = 2.596e9, .n_workers = 1, .workers = {&worker}};
}

// A worker that works inline, right after the start.
TEST(show_crypto, inline_text)
{
	reset();
	view.rc4 = "sse4.1";
	view.sha1 = "shani";
	EXPECT_STREQ("driver          sw\n"
		     "engine_driver   -\n"
		     "rc4             sse4.1\n"
		     "sha1            shani\n"
		     "sha1_chosen_by  default\n"
		     "tsc_mhz         2596\n"
		     "engines         0\n"
		     "queue           0\n"
		     "\n"
		     "LANE      CPU  PKTS  BYTES  KEY-CHANGES  LATE  ERRORS  PKTS/BATCH  "
		     "CYCLES/PKT  BUSY%  BUSY%-1S\n"
		     "worker-0    2     0      0            0     0       0           -  "
		     "         -      -         -\n"
		     "\n"
		     "BATCHES OF  1  2  3-4  5-8  9-16  17-32  MORE\n"
		     "worker-0    0  0    0    0     0      0     0\n",
		show(false));
}

static void set_engine(void)
{
	view.driver = "ism";
	view.engine_driver = "sw";
	view.rc4 = "sse4.1";
	view.sha1 = "avx512";
	view.n_calibrations = 2;
	view.calibrations[0] = (struct crypto_calibration){"avx512", 54.26, 311};
	view.calibrations[1] = (struct crypto_calibration){"imb", 0, 0};
	view.n_engines = 1;
	view.engine_cpus[0] = 5;
	view.engines[0] = &engine;
	view.queue = 256;
	view.channels[0][0] = &channel;
	engine = (struct crypto_counters){
		.ops = 1001,
		.bytes = 1400000,
		.key_changes = 1003,
		.late = 2,
		.errors = 1,
		.batches = {1, 0, 3, 4, 0, 30, 2},
		.busy_cycles = 2002000,
		.idle_cycles = 2002000,
	};
	channel = (struct crypto_channel_counters){
		.state = CRYPTO_CHANNEL_BYPASSED,
		.submitted = 1010,
		.depth = 9,
		.depth_max = 200,
		.full = 3,
		.bypasses = 2,
		.bypassed_ops = 70,
		.lost = 4,
	};
	control.loop.now_ns = 1000000000;
	worker.busy_cycles = 259600000;
	worker.ops = 70;
	samples_begin(&control.samples, 0);
	samples_begin(&control.samples, 1000000000);
	samples_put(&control.samples, &control.crypto_watch.workers[0].busy_cycles, 64900000);
	samples_put(&control.samples, &control.crypto_watch.engines[0].busy_cycles, 1);
	samples_put(&control.samples, &control.crypto_watch.engines[0].idle_cycles, 2);
}

TEST(show_crypto, engine_text)
{
	reset();
	set_engine();
	EXPECT_STREQ("driver          ism\n"
		     "engine_driver   sw\n"
		     "rc4             sse4.1\n"
		     "sha1            avx512\n"
		     "sha1_chosen_by  calibration\n"
		     "tsc_mhz         2596\n"
		     "engines         1\n"
		     "queue           256\n"
		     "\n"
		     "SHA-1   CYCLES-OF-16  CYCLES-ALONE  IN-USE\n"
		     "avx512          54.3         311.0  yes\n"
		     "imb                -             -  no\n"
		     "\n"
		     "LANE      CPU  PKTS  BYTES  KEY-CHANGES  LATE  ERRORS  PKTS/BATCH  "
		     "CYCLES/PKT  BUSY%  BUSY%-1S\n"
		     "worker-0    2    70      0            0     0       0           -  "
		     " 3708571.4   10.0       2.5\n"
		     "engine-0    5  1001   1.4M         1003     2       1        25.0  "
		     "    2000.0   50.0      33.3\n"
		     "\n"
		     "BATCHES OF  1  2  3-4  5-8  9-16  17-32  MORE\n"
		     "worker-0    0  0    0    0     0      0     0\n"
		     "engine-0    1  0    3    4     0     30     2\n"
		     "\n"
		     "WORKER  ENGINE  STATE     DEPTH  MAX  QUEUE  SUBMITTED  FULL  BYPASSES  "
		     "BYPASSED-PKTS  LOST\n"
		     "     0       0  bypassed      9  200    256       1010     3         2  "
		     "           70     4\n",
		show(false));
}

TEST(show_crypto, engine_json)
{
	reset();
	set_engine();
	view.is_pinned = true;
	channel.state = CRYPTO_CHANNEL_OPEN;
	view.workers[0] = NULL; // this one has no crypto of its own
	EXPECT_STREQ("{\"crypto\":{\"driver\":\"ism\",\"engine_driver\":\"sw\",\"rc4\":\"sse4.1\","
		     "\"sha1\":\"avx512\",\"sha1_chosen_by\":\"configuration\",\"tsc_mhz\":2596,"
		     "\"engines\":1,\"queue\":256},"
		     "\"calibration\":[{\"sha1\":\"avx512\",\"cycles_per_key_full\":54.3,"
		     "\"cycles_per_key_one\":311.0,\"is_in_use\":true},"
		     "{\"sha1\":\"imb\",\"cycles_per_key_full\":null,"
		     "\"cycles_per_key_one\":null,\"is_in_use\":false}],"
		     "\"lanes\":[{\"lane\":\"engine-0\",\"cpu\":5,\"ops\":1001,\"bytes\":1400000,"
		     "\"key_changes\":1003,\"late\":2,\"errors\":1,\"ops_per_batch\":25.0,"
		     "\"cycles_per_op\":2000.0,\"busy_percent\":50.0,"
		     "\"busy_percent_last_second\":33.3}],"
		     "\"batches\":[{\"lane\":\"engine-0\",\"of_1\":1,\"of_2\":0,\"of_3_to_4\":3,"
		     "\"of_5_to_8\":4,\"of_9_to_16\":0,\"of_17_to_32\":30,\"of_more\":2}],"
		     "\"channels\":[{\"worker\":0,\"engine\":0,\"state\":\"open\",\"depth\":9,"
		     "\"depth_max\":200,\"queue\":256,\"submitted\":1010,\"full\":3,\"bypasses\":2,"
		     "\"bypassed_ops\":70,\"lost\":4}]}\n",
		show(true));
}

// In JSON a section is always there.
TEST(show_crypto, empty_json)
{
	reset();
	view.workers[0] = NULL;
	EXPECT_STRCONTAINS(show(true), "\"sha1\":null,\"sha1_chosen_by\":null,");
	EXPECT_STRCONTAINS(
		show(true), "\"calibration\":[],\"lanes\":[],\"batches\":[],\"channels\":[]}");
	control.config.crypto = NULL;
	EXPECT_STREQ("driver  sw\n", show(false));
	EXPECT_STREQ("{\"crypto\":{\"driver\":\"sw\"}}\n", show(true));
}

// The most that there can be goes out in pages, each row once.
TEST(show_crypto, all_channels)
{
	unsigned int n = 0;

	reset();
	set_engine();
	view.n_workers = LIMIT_WORKERS;
	view.n_engines = LIMIT_ENGINES;
	for (unsigned int i = 0; i < LIMIT_WORKERS; i++)
		for (unsigned int k = 0; k < LIMIT_ENGINES; k++)
			view.channels[i][k] = &channel;
	for (const char *p = show(true); (p = strstr(p, "\"state\":")); p++)
		n++;
	EXPECT_EQ(LIMIT_WORKERS * LIMIT_ENGINES, n);
	EXPECT_STRCONTAINS(text, "{\"worker\":31,\"engine\":15,\"state\"");
}
