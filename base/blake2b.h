/* BLAKE2b with 32 bytes of digest and no key (RFC 7693): cryptographic, and three times as fast as SHA-256 in C. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BLAKE2B_DIGEST 32
#define BLAKE2B_BLOCK 128

struct blake2b {
	uint64_t state[8], length;
	size_t used;                        /* bytes in block */
	unsigned char block[BLAKE2B_BLOCK];
};

void blake2b_init(struct blake2b *hash);
void blake2b_update(struct blake2b *hash, const void *data, size_t size);
void blake2b_final(struct blake2b *hash, unsigned char digest[BLAKE2B_DIGEST]);
