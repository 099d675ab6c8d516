/* BLAKE2b-256 against digests of Python's hashlib, an implementation of its own: lengths around the block's edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/blake2b.h"

#include <stdio.h>
#include <string.h>

static void hex(const unsigned char *digest, char *text)
{
	for (int i = 0; i < BLAKE2B_DIGEST; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
}

/* The digest of size bytes 0, 1, 2 … given in parts of step bytes. */
static void digest_of(size_t size, size_t step, char *text)
{
	unsigned char data[4096], digest[BLAKE2B_DIGEST];
	struct blake2b hash;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)i;
	blake2b_init(&hash);
	for (size_t at = 0; at < size; at += step)
		blake2b_update(&hash, data + at, size - at < step ? size - at : step);
	blake2b_final(&hash, digest);
	hex(digest, text);
}

static void test_known_digests(void **state)
{
	static const struct {
		size_t size;
		const char *digest;
	} known[] = {
		{ 0, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8" },
		{ 1, "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314" },
		{ 3, "3d8c3d594928271f44aad7a04b177154806867bcf918e1549c0bc16f9da2b09b" },
		{ 127, "f2fe67ff342e21b8f45e8f2e0bcd1d9243245d50ee6c78042e9c491388791c72" },
		{ 128, "c3582f71ebb2be66fa5dd750f80baae97554f3b015663c8be377cfcb2488c1d1" },
		{ 129, "f7f3c46ba2564ff4c4c162da1f5b605f9f1c4aa6a20652a9f9a337c1a2f5b9c9" },
		{ 255, "1d0850ee9bca0abc9601e9deabe1418fedec2fb6ac4150bd5302d2430f9be943" },
		{ 256, "39a7eb9fedc19aabc83425c6755dd90e6f9d0c804964a1f4aaeea3b9fb599835" },
		{ 257, "45f7f084c30bac7cbae2e1963bc6e6b0d8cb227a12927e97fb941d288fb1f9a3" },
		{ 1000, "c636324d47d89f2b2434dc2c994100663fbbaea880ff020fc5de89dd0f77a1ec" },
		{ 4096, "81baab4ea5d75a0aa53b8780ae5dbd7c8dac7f07e7c103644399492bb9ea6f87" },
	};
	static const size_t steps[] = { 1, 3, 64, 127, 128, 129, 4096 };
	char text[2 * BLAKE2B_DIGEST + 1];

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		for (size_t j = 0; j < sizeof steps / sizeof *steps; j++) {
			digest_of(known[i].size, steps[j], text);
			assert_string_equal(text, known[i].digest);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_known_digests) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
