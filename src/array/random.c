/* Random numbers by counting. The i-th number of a stream is a function of (seed, stream, i), so
 * nothing is carried from one to the next, and a fill can be cut anywhere.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011) turns a counter of four words, here {position,
 * stream}, and a key of two, here the seed, into 128 random bits. A round multiplies two of the
 * words by constants and mixes the halves of the products with the other two words. Ten rounds,
 * each with its own key, pass all tests of randomness known to the authors. */
#include "adze/random.h"

#include "array/fill.h"
#include "array/philox.h"

#include <float.h>
#include <math.h>

/* ---- the block function ------------------------------------------------------------ */

void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t bits[4])
{
    if (!counter || !key || !bits)
        return;
    uint32_t x[4] = {counter[0], counter[1], counter[2], counter[3]};
    uint32_t key0 = key[0], key1 = key[1];
    for (int i = 0; i < AD_PHILOX_ROUNDS; i++) {
        ad_philox_round(&x[0], &x[1], &x[2], &x[3], key0, key1);
        key0 += AD_PHILOX_RISE_0;
        key1 += AD_PHILOX_RISE_1;
    }
    for (int i = 0; i < 4; i++)
        bits[i] = x[i];
}

typedef struct two_words {
    uint64_t first, second;
} two_words;

/* The 128 bits at the i-th position after the current one. */
static two_words block_at(const ad_random *r, uint64_t i)
{
    uint64_t position = r->position + i;
    uint32_t counter[4] = {(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)r->stream,
                           (uint32_t)(r->stream >> 32)};
    uint32_t key[2] = {(uint32_t)r->seed, (uint32_t)(r->seed >> 32)}, bits[4] = {0};
    ad_philox(counter, key, bits);
    return (two_words){bits[0] | (uint64_t)bits[1] << 32, bits[2] | (uint64_t)bits[3] << 32};
}

/* 53 bits, which a double holds exactly: in [0, 1). */
static double unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

static double uniform_at(const ad_random *r, uint64_t i)
{
    return unit(block_at(r, i).first);
}

/* Box and Muller 1958: sqrt(-2 log u) cos(2 pi v), with u in (0, 1] to keep the logarithm
 * finite. */
static double normal_at(const ad_random *r, uint64_t i)
{
    two_words block = block_at(r, i);
    double u = unit(block.first) + 0x1p-53, v = unit(block.second);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* ---- keys --------------------------------------------------------------------------- */

ad_key ad_key_new(uint64_t seed)
{
    return (ad_key){.seed = seed};
}

/* Uses the complement of the key, so that the parts are independent of the numbers drawn
 * with the key itself. */
ad_key ad_key_split(ad_key key, uint64_t i)
{
    ad_random r = {.seed = ~key.seed, .stream = ~key.stream};
    two_words block = block_at(&r, i);
    return (ad_key){block.first, block.second};
}

/* ---- draws -------------------------------------------------------------------------- */

ad_random ad_random_new(uint64_t seed, uint64_t stream)
{
    return (ad_random){.seed = seed, .stream = stream};
}

uint64_t ad_random_bits(ad_random *r)
{
    if (!r)
        return 0;
    uint64_t bits = block_at(r, 0).first;
    r->position++;
    return bits;
}

double ad_random_uniform(ad_random *r)
{
    return unit(ad_random_bits(r));
}

double ad_random_normal(ad_random *r)
{
    if (!r)
        return 0;
    double z = normal_at(r, 0);
    r->position++;
    return z;
}

/* n equal shares leave 2^64 mod n numbers over: those are drawn again. */
uint64_t ad_random_below(ad_random *r, uint64_t n)
{
    if (!r || n == 0)
        return 0;
    uint64_t surplus = (UINT64_MAX - n + 1) % n, bits;
    do
        bits = ad_random_bits(r);
    while (bits < surplus);
    return bits % n;
}

/* Fisher and Yates: each position takes one of the remaining numbers. */
void ad_random_shuffle(ad_random *r, int64_t *index, size_t n)
{
    if (!r || !index)
        return;
    for (size_t left = n; left > 1; left--) {
        size_t i = (size_t)ad_random_below(r, left);
        int64_t taken = index[i];
        index[i] = index[left - 1];
        index[left - 1] = taken;
    }
}

/* ---- fills -------------------------------------------------------------------------- */

ad_status ad_fill_check(const ad_array *a, const ad_random *r, size_t *count)
{
    if (!a || !r || !a->data)
        return AD_MISUSE;
    return ad_type_is_float(a->type) ? ad_shape_count(&a->shape, count) : AD_BAD_TYPE;
}

static void put(ad_array *a, size_t i, double value)
{
    if (a->type == AD_F32)
        ((float *)a->data)[i] = (float)value;
    else
        ((double *)a->data)[i] = value;
}

/* The first and the last number of the type in [low, high); low itself if low = high. False
 * if there is none. */
static bool find_ends(ad_type type, double low, double high, double *first, double *last)
{
    *first = low;
    *last = nextafter(high, low);
    if (type != AD_F32)
        return low <= high && isfinite(low) && isfinite(high);
    if (!(low <= high && fabs(low) <= FLT_MAX && fabs(high) <= FLT_MAX))
        return false;
    float f = (float)low, l = (float)high;
    *first = low < high && f < low ? nextafterf(f, FLT_MAX) : f;
    *last = low < high && l >= high ? nextafterf(l, -FLT_MAX) : l;
    return *first <= *last;
}

/* low (1 - u) + high u cannot overflow; low + (high - low) u can. Rounding may carry it over an
 * end, so it is clamped. */
ad_status ad_fill_uniform(ad_array *a, ad_random *r, double low, double high)
{
    size_t n = 0;
    double first, last;
    ad_status status = ad_fill_check(a, r, &n);
    if (status != AD_OK)
        return status;
    if (!find_ends(a->type, low, high, &first, &last))
        return AD_DOMAIN;
    for (size_t i = 0; i < n; i++) {
        double u = uniform_at(r, i);
        put(a, i, fmin(fmax(low * (1 - u) + high * u, first), last));
    }
    r->position += n;
    return AD_OK;
}

ad_status ad_fill_normal(ad_array *a, ad_random *r, double mean, double deviation)
{
    size_t n = 0;
    ad_status status = ad_fill_check(a, r, &n);
    if (status != AD_OK)
        return status;
    if (!isfinite(mean) || !isfinite(deviation) || deviation < 0)
        return AD_DOMAIN;
    for (size_t i = 0; i < n; i++)
        put(a, i, mean + deviation * normal_at(r, i));
    r->position += n;
    return AD_OK;
}

/* The z >= 0 between which and -z a normal number lies with the given probability, up to that of two deviations:
 * erf(z / sqrt(2)) = within. erf is concave there, so Newton's steps from 0 stay below z. */
static double deviations_for(double within)
{
    const double root_half = 0.70710678118654752440,
                 slope = 0.79788456080286535588; /* sqrt(2/pi) */
    double z = 0, next = within / slope;
    for (int i = 0; i < 20 && next > z; i++) {
        z = next;
        next = z + (within - erf(z * root_half)) / (slope * exp(-z * z / 2));
    }
    return fmin(z, 2);
}

ad_status ad_fill_truncated_normal(ad_array *a, ad_random *r, double mean, double deviation)
{
    const double most = 0.95449973610364158560; /* erf(2 / sqrt(2)) */
    size_t n = 0;
    ad_status status = ad_fill_check(a, r, &n);
    if (status != AD_OK)
        return status;
    if (!isfinite(mean) || !isfinite(deviation) || deviation < 0)
        return AD_DOMAIN;
    for (size_t i = 0; i < n; i++) {
        double u = 2 * uniform_at(r, i) - 1;
        put(a, i, mean + deviation * copysign(deviations_for(most * fabs(u)), u));
    }
    r->position += n;
    return AD_OK;
}
