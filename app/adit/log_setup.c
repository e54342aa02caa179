// SPDX-License-Identifier: BSD-3-Clause
#include "adit/log_setup.h"

#include <string.h>

static void set_classes(struct log *log, const struct config *c)
{
	for (uint16_t i = 0; i < c->n_log_classes; i++) {
		const struct config_log_class *k = &c->log_classes[i];
		if (k->has_file)
			log->severity[LOG_SINK_FILE][k->class] = (uint8_t)k->file;
		if (k->has_syslog)
			log->severity[LOG_SINK_SYSLOG][k->class] = (uint8_t)k->syslog;
		if (k->has_console)
			log->severity[LOG_SINK_CONSOLE][k->class] = (uint8_t)k->console;
	}
}

static void tell_no_file(struct log *log, const char *path, int error)
{
	struct event e;

	event_begin(&e, EVENT_LOG_FILE);
	event_word(&e, "path", path);
	event_word(&e, "error", strerror(error));
	event_send(log, &e);
}

static enum log_target target_of(const struct config *c)
{
	return c->log_target == CONFIG_LOG_SYSLOG ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR;
}

static enum log_format format_of(const struct config *c)
{
	return c->log_format == CONFIG_LOG_VPN3000 ? LOG_FORMAT_VPN3000 : LOG_FORMAT_KEY_VALUE;
}

static void set_file(struct log *log, const struct config *c)
{
	const uint64_t mega = 1000000;
	int rc;

	if (!c->log_file[0])
		return;
	rc = log_open_file(
		log, c->log_file, c->log_file_max_mb * mega, (uint8_t)c->log_file_severity);
	set_classes(log, c);
	if (rc != 0)
		tell_no_file(log, c->log_file, -rc);
}

void log_setup(struct log *log, const struct config *c)
{
	log_open(log, target_of(c), (enum log_level)c->log_level, "adit");
	log->events = event_log_new();
	log->format = format_of(c);
	set_classes(log, c);
	set_file(log, c);
}

void log_setup_again(struct log *log, const struct config *c)
{
	enum log_sink sink =
		c->log_target == CONFIG_LOG_SYSLOG ? LOG_SINK_SYSLOG : LOG_SINK_CONSOLE;

	log->level = (enum log_level)c->log_level;
	log->target = target_of(c);
	log->format = format_of(c);
	memset(log->severity, 0, sizeof(log->severity));
	memset(log->severity[sink], LOG_BY_LEVEL, sizeof(log->severity[sink]));
	if (strcmp(log->file.path, c->log_file) != 0)
		log_drop_file(log);
	set_classes(log, c);
	set_file(log, c);
}
