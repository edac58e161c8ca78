/* Digests: 64 bits that stand for numbers. They show whether borrowed numbers were changed and at
 * which value two runs part.
 *
 * Four lanes take one word each in turn: xor, rotate, multiply by an odd number. Each of these can
 * be undone, so a change of one number always shows. The rotation brings high bits down, so two
 * changes of sign do not cancel. */
#include "tape/digest.h"

#include "array/strided.h"
#include "tape/failure.h"
#include "tape/show.h"

#include <string.h>

enum { LANES = 4, WORD = sizeof(uint64_t) };

static uint64_t stir(uint64_t h, uint64_t word)
{
    h ^= word;
    return (h << 29 | h >> 35) * 0x9e3779b97f4a7c15u;
}

static uint64_t stir_bytes(uint64_t h, const void *bytes, size_t size)
{
    const char *at = bytes;
    uint64_t lane[LANES] = {h, h + 1, h + 2, h + 3}, word;
    size_t whole = size - size % (LANES * WORD);
    for (size_t i = 0; i < whole; i += LANES * WORD)
        for (size_t k = 0; k < LANES; k++) {
            memcpy(&word, at + i + k * WORD, WORD);
            lane[k] = stir(lane[k], word);
        }
    for (size_t i = whole; i < size; i += WORD) {
        word = 0;
        memcpy(&word, at + i, size - i < WORD ? size - i : WORD);
        lane[(i - whole) / WORD] = stir(lane[(i - whole) / WORD], word);
    }
    h = stir(h, size);
    for (int i = 0; i < LANES; i++)
        h = stir(h, lane[i]);
    return h ^ h >> 32;
}

/* The numbers of v, row by row, so many at a time. */
static uint64_t stir_view(uint64_t h, const ad_view *v)
{
    enum { AT_ONCE = 64 };
    uint64_t buffer[AT_ONCE];
    ad_nest nest;
    size_t size = ad_number_bytes(v->type);
    if (ad_view_is_contiguous(v))
        return stir_bytes(h, v->data, ad_view_count(v) * size);
    ad_nest_begin(&nest, &v->shape);
    ad_nest_add(&nest, &v->shape, v->stride);
    bool more = ad_nest_start(&nest);
    for (; more; more = ad_nest_next(&nest)) {
        for (int64_t i = 0; i < nest.row; i += AT_ONCE) {
            size_t n = nest.row - i < AT_ONCE ? (size_t)(nest.row - i) : AT_ONCE;
            int64_t at = nest.offset[0] + i * nest.step[0];
            ad_strided_pack(size, n, (const char *)v->data + at * (int64_t)size, nest.step[0],
                            buffer);
            h = stir_bytes(h, buffer, n * size);
        }
    }
    return h;
}

/* ---- borrowed numbers -------------------------------------------------------------- */

static uint64_t digest_numbers(const ad_node *n)
{
    ad_view v = {0};
    ad_node_look(n, &v);
    return stir_view(n->count, &v);
}

bool ad_remember_numbers(ad_tape *t, ad_node *leaf)
{
    uint64_t digest = digest_numbers(leaf);
    void *saved = ad_arena_take(&t->values, sizeof digest, sizeof digest);
    ad_node_extra_of(leaf)->saved = saved;
    if (saved)
        memcpy(saved, &digest, sizeof digest);
    else
        ad_tape_fail(t, AD_MEMORY, "%s: memory ran out (to remember the numbers)",
                     ad_node_name(leaf));
    return saved;
}

bool ad_numbers_unchanged(ad_tape *t, const char *name)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const ad_node *n = t->nodes[i];
        uint64_t digest;
        char what[256];
        if (n->op || !ad_node_saved(n))
            continue;
        memcpy(&digest, ad_node_saved(n), sizeof digest);
        if (digest == digest_numbers(n))
            continue;
        ad_tape_fail(t, AD_CHANGED, "%s: borrowed numbers were changed: %s", name,
                     ad_tape_describe(t, i, what, sizeof what));
        return false;
    }
    return true;
}

/* ---- digests of tapes -------------------------------------------------------------- */

static uint64_t digest_node(const ad_tape *t, const ad_node *n)
{
    const char *name = ad_node_name(n);
    uint64_t h = stir_bytes(n->type, name, strlen(name));
    for (int i = 0; i < n->rank; i++)
        h = stir(h, (uint64_t)n->axes[i].dim);
    if (n->flags & AD_NODE_MEMORY)
        return h;
    h = stir(h, digest_numbers(n));
    return n->cotangent ? stir_bytes(h, n->cotangent, ad_node_blocks(n, t->cotangents)) : h;
}

uint64_t ad_tape_digest(const ad_tape *t, size_t nodes)
{
    uint64_t h = 0;
    AD_READING(t, "digest", h);
    for (uint32_t i = 0; t && i < t->count && i < nodes; i++)
        h = stir(h, digest_node(t, t->nodes[i]));
    return h;
}

size_t ad_tape_digests(const ad_tape *t, size_t nodes, uint64_t *digests)
{
    AD_READING(t, "digests", 0);
    if (!t || !digests)
        return 0;
    size_t count = nodes < t->count ? nodes : t->count;
    for (size_t i = 0; i < count; i++)
        digests[i] = digest_node(t, t->nodes[i]);
    return count;
}

size_t ad_digest_difference(size_t nodes, const uint64_t *a, const uint64_t *b)
{
    size_t i = 0;
    while (i < nodes && a && b && a[i] == b[i])
        i++;
    return i;
}
