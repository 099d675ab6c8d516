#include "cgroups/weights.h"

#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MAX 10000

#define FRACTION 40

/*
 * log2 in fixed point: squaring a mantissa (1 … 2, with 63 fractional bits) doubles its logarithm, which brings out the next
 * bit.
 */
static uint64_t log2_fixed(uint64_t x)
{
	unsigned top = 63 - (unsigned)__builtin_clzll(x);
	uint64_t mantissa = x << (63 - top), result = (uint64_t)top << FRACTION;

	for (int bit = FRACTION - 1; bit >= 0; bit--) {
		unsigned __int128 square = (unsigned __int128)mantissa * mantissa;

		if (square >> 127)
			result |= (uint64_t)1 << bit;
		mantissa = (uint64_t)(square >> (square >> 127 ? 64 : 63));
	}
	return result;
}

/*
 * Since 2025 runc (opencontainers/cgroups pull 20), crun (1.23, pull 1767) and Kubernetes agree on a curve through the minima
 * (2, 1), the defaults (1024, 100) and the maxima (262144, 10000) of the two scales:
 *
 *     weight = ceil(10 ^ ((l² + 125 l) / 612 - 7 / 34)),  l = log2(shares)
 *
 * The exponent is (l - 1)(l + 126) / 612. So the weight is the least w with 612 log2(w) >= (l - 1)(l + 126) log2(10), which
 * needs no floating point; the slack is for the two defaults, where both sides are equal.
 */
uint64_t cgroup_cpu_weight(uint64_t shares)
{
	const uint64_t one = (uint64_t)1 << FRACTION, log2_10 = 3652498566964U, slack = 8;
	uint64_t low = 1, high = WEIGHT_MAX;

	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	uint64_t l = log2_fixed(shares);
	unsigned __int128 product = (unsigned __int128)(l - one) * (l + 126 * one) >> FRACTION;
	uint64_t wanted = (uint64_t)((product * log2_10 >> FRACTION) / 612);

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (log2_fixed(middle) + slack >= wanted)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t cgroup_io_weight(uint64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}
