// SPDX-License-Identifier: BSD-3-Clause
// Runs a fuzz target without a fuzzer: over each file of the directories given, over what is left of
// it when it is cut at each of its first bytes, and over some thousand mutations that are the same on
// every run. So seeds and findings are regression tests in every build, with gcc too.
#include "fuzz/fuzz.h"

#include <dirent.h>

#include "shim/exact.h"
#include "shim/xorshift.h"

enum { FILE_BYTES_MAX = 1 << 16, CUTS_MAX = 300, MUTATIONS = 200 };

static void run(const uint8_t *data, size_t size)
{
	uint8_t *exact = exact_copy(data, size); // so that a sanitizer sees one byte too far

	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

// A few bytes replaced by random ones or by those that parsers trip over.
static void mutate(struct xorshift *x, uint8_t *data, size_t size)
{
	static const uint8_t edges[] = {0, 1, 4, 0x7f, 0x80, 0xff};

	for (uint32_t n = 1 + xorshift_below(x, 4); n > 0; n--) {
		uint32_t at = xorshift_below(x, (uint32_t)size);

		if (xorshift_below(x, 2))
			data[at] = (uint8_t)xorshift_next(x);
		else
			data[at] = edges[xorshift_below(x, sizeof(edges))];
	}
}

static bool run_file(const char *path)
{
	static uint8_t data[FILE_BYTES_MAX], changed[FILE_BYTES_MAX];
	struct xorshift x = xorshift_seed(1);
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	size_t size = fread(data, 1, sizeof(data), f);
	fclose(f);

	run(data, size);
	for (size_t n = 0; n < size && n < CUTS_MAX; n++)
		run(data, n);
	for (int i = 0; i < MUTATIONS && size > 0; i++) {
		memcpy(changed, data, size);
		mutate(&x, changed, size);
		run(changed, size);
	}
	return true;
}

static int run_directory(const char *name)
{
	DIR *d = opendir(name);
	struct dirent *entry;
	int n = 0;

	while (d && (entry = readdir(d))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
		if (!run_file(path)) {
			perror(path);
			exit(1);
		}
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int n = run_directory(argv[i]);

		printf("%s: %d files\n", argv[i], n);
		if (n == 0)
			return 1;
	}
	return argc > 1 ? 0 : 1;
}
