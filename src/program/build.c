/* Building programs: constants, guards, and operations that are not there yet (rules are in rewrite.c). */
#include "program/build.h"

#include "base/memory.h"
#include "base/message.h"

#include <string.h>

/* ---- life --------------------------------------------------------------------------- */

void ad_build_begin(ad_builder *b, const ad_program_options *options, size_t inputs,
                    ad_error *error)
{
    *b = (ad_builder){.options = *options, .error = error};
    if (inputs >= AD_BUILD_CONSTANT - 1)
        ad_build_fail(b, AD_TOO_LARGE, "program: %zu inputs", inputs);
    else
        b->inputs = (uint32_t)inputs;
}

ad_status ad_build_fail(ad_builder *b, ad_status status, const char *format, ...)
{
    char text[sizeof b->error->text];
    if (b->status != AD_OK)
        return b->status;
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(text, sizeof text, status, format, arguments);
    va_end(arguments);
    b->status = status;
    return ad_fail(b->error, status, "%s", text);
}

static void give(const ad_builder *b, void *memory, size_t count, size_t size)
{
    ad_memory_give(b->options.allocator, memory, count * size);
}

static void give_chains(const ad_builder *b)
{
    give(b, b->chains.first, (size_t)b->inputs + b->nodes_room, sizeof(uint32_t));
    give(b, b->chains.next, b->nodes_room, sizeof(uint32_t));
}

void ad_build_release(ad_builder *b)
{
    give_chains(b);
    give(b, b->node, b->nodes_room, sizeof *b->node);
    give(b, b->constant, b->constants_room, sizeof *b->constant);
    give(b, b->guard_line, b->guards_room, sizeof *b->guard_line);
    give(b, b->known.entry, b->known.room, sizeof(uint64_t));
    give(b, b->known_constants.entry, b->known_constants.room, sizeof(uint64_t));
    *b = (ad_builder){.options = b->options, .status = b->status};
}

/* ---- lists that grow ---------------------------------------------------------------- */

static void *take(ad_builder *b, size_t count, size_t size)
{
    void *memory = ad_memory_take(b->options.allocator, ad_size_mul(count, size));
    if (!memory)
        ad_build_fail(b, AD_MEMORY, "program: memory ran out with %u operations", b->nodes);
    return memory;
}

/* A longer list with what was in the old one, which is given back. NULL with an error. */
static void *lengthen(ad_builder *b, void *old, size_t count, size_t room, size_t next, size_t size)
{
    void *more = take(b, next, size);
    if (!more)
        return NULL;
    if (count)
        memcpy(more, old, count * size);
    give(b, old, room, size);
    return more;
}

/* Room for one more element. False with an error. */
static bool reserve(ad_builder *b, void *list, uint32_t count, uint32_t *room, size_t size)
{
    void *old, *more;
    if (b->status != AD_OK)
        return false;
    if (count < *room)
        return true;
    uint32_t next = *room ? 2 * *room : 64;
    memcpy(&old, list, sizeof old);
    more = lengthen(b, old, count, *room, next, size);
    if (!more)
        return false;
    memcpy(list, &more, sizeof more);
    *room = next;
    return true;
}

/* Nodes, and their chains: all three grow, or none. */
static bool widen_nodes(ad_builder *b, uint32_t room)
{
    const size_t values = (size_t)b->inputs + b->nodes;
    uint32_t *first = take(b, (size_t)b->inputs + room, sizeof *first);
    uint32_t *next = first ? take(b, room, sizeof *next) : NULL;
    ad_program_node *node =
        next ? lengthen(b, b->node, b->nodes, b->nodes_room, room, sizeof *node) : NULL;
    if (!node) {
        give(b, next, room, sizeof *next);
        give(b, first, (size_t)b->inputs + room, sizeof *first);
        return false;
    }
    memset(first, 0, ((size_t)b->inputs + room) * sizeof *first);
    if (b->nodes_room) {
        memcpy(first, b->chains.first, values * sizeof *first);
        memcpy(next, b->chains.next, b->nodes * sizeof *next);
    }
    give_chains(b);
    b->node = node;
    b->chains = (ad_build_chains){first, next};
    b->nodes_room = room;
    return true;
}

static bool reserve_node(ad_builder *b)
{
    if (b->status != AD_OK)
        return false;
    if (b->nodes < b->nodes_room)
        return true;
    if (b->inputs + b->nodes >= AD_BUILD_CONSTANT / 2) {
        ad_build_fail(b, AD_TOO_LARGE, "program: it has room for 2^30 values");
        return false;
    }
    return widen_nodes(b, b->nodes_room ? 2 * b->nodes_room : 64);
}

void ad_build_expect(ad_builder *b, size_t nodes)
{
    if (b->status == AD_OK && nodes > b->nodes_room && nodes < AD_BUILD_CONSTANT / 2)
        widen_nodes(b, (uint32_t)nodes);
}

/* ---- what is known ------------------------------------------------------------------ */

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t hash_of_node(const ad_program_node *n)
{
    uint64_t h = mix(n->op, (uint64_t)n->of[0] << 32 | n->of[1]);
    return mix(h, n->of[2]);
}

static uint64_t hash_of_constant(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return mix(1, bits);
}

static void put(ad_build_index *index, uint64_t hash, uint32_t place)
{
    uint32_t mask = index->room - 1, at = (uint32_t)(hash >> 7) & mask;
    while (index->entry[at])
        at = (at + 1) & mask;
    index->entry[at] = (hash & UINT64_C(0xffffffff00000000)) | (place + 1);
    index->count++;
}

/* Twice the room. The hashes are made anew. */
static bool widen(ad_builder *b, ad_build_index *index)
{
    uint32_t room = index->room ? 2 * index->room : 128;
    uint64_t *entry = take(b, room, sizeof *entry);
    if (!entry)
        return false;
    memset(entry, 0, room * sizeof *entry);
    ad_build_index wider = {.entry = entry, .room = room};
    for (uint32_t i = 0; i < index->room; i++) {
        uint32_t place = (uint32_t)index->entry[i] - 1;
        if (index->entry[i])
            put(&wider,
                index == &b->known ? hash_of_node(&b->node[place])
                                   : hash_of_constant(b->constant[place]),
                place);
    }
    give(b, index->entry, index->room, sizeof *entry);
    *index = wider;
    return true;
}

static bool has_room(ad_builder *b, ad_build_index *index)
{
    return b->status == AD_OK && (2 * (index->count + 1) <= index->room || widen(b, index));
}

/* ---- constants ---------------------------------------------------------------------- */

static bool same_bits(double x, double y)
{
    return memcmp(&x, &y, sizeof x) == 0;
}

uint32_t ad_build_constant(ad_builder *b, double value)
{
    ad_build_index *index = &b->known_constants;
    uint64_t hash = hash_of_constant(value);
    if (!has_room(b, index) ||
        !reserve(b, &b->constant, b->constants, &b->constants_room, sizeof *b->constant))
        return AD_NO_VALUE;
    for (uint32_t at = (uint32_t)(hash >> 7) & (index->room - 1); index->entry[at];
         at = (at + 1) & (index->room - 1)) {
        uint32_t place = (uint32_t)index->entry[at] - 1;
        if (same_bits(b->constant[place], value))
            return place | AD_BUILD_CONSTANT;
    }
    put(index, hash, b->constants);
    b->constant[b->constants] = value;
    return b->constants++ | AD_BUILD_CONSTANT;
}

/* ---- operations --------------------------------------------------------------------- */

static bool same_node(const ad_program_node *x, const ad_program_node *y)
{
    return x->op == y->op && x->of[0] == y->of[0] && x->of[1] == y->of[1] && x->of[2] == y->of[2];
}

static uint32_t youngest_operand(const ad_program_node *n)
{
    uint32_t youngest = 0;
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        if (!ad_is_constant(n->of[k]) && n->of[k] > youngest)
            youngest = n->of[k];
    return youngest;
}

static uint32_t append_node(ad_builder *b, const ad_program_node *n)
{
    b->node[b->nodes] = *n;
    return b->inputs + b->nodes++;
}

/* Adds a node to the chain of its youngest operand. */
static uint32_t append_to_chain(ad_builder *b, const ad_program_node *n, uint32_t youngest)
{
    b->chains.next[b->nodes] = b->chains.first[youngest];
    b->chains.first[youngest] = b->nodes + 1;
    return append_node(b, n);
}

/* The node among those of no chain. */
static uint32_t find_or_add_hashed(ad_builder *b, const ad_program_node *n)
{
    uint64_t hash = hash_of_node(n);
    if (!has_room(b, &b->known))
        return AD_NO_VALUE;
    const uint32_t mask = b->known.room - 1;
    for (uint32_t at = (uint32_t)(hash >> 7) & mask; b->known.entry[at]; at = (at + 1) & mask) {
        uint32_t place = (uint32_t)b->known.entry[at] - 1;
        if ((b->known.entry[at] ^ hash) >> 32 == 0 && same_node(&b->node[place], n))
            return b->inputs + place;
    }
    put(&b->known, hash, b->nodes);
    return append_node(b, n);
}

uint32_t ad_build_node(ad_builder *b, const ad_program_node *n)
{
    enum { LONG = 16 };
    int length = 0;
    if (!reserve_node(b))
        return AD_NO_VALUE;
    const uint32_t youngest = youngest_operand(n);
    for (uint32_t at = b->chains.first[youngest]; at; at = b->chains.next[at - 1], length++)
        if (same_node(&b->node[at - 1], n))
            return b->inputs + at - 1;
    return length < LONG ? append_to_chain(b, n, youngest) : find_or_add_hashed(b, n);
}

uint32_t ad_build_new_node(ad_builder *b, const ad_program_node *n)
{
    return reserve_node(b) ? append_to_chain(b, n, youngest_operand(n)) : AD_NO_VALUE;
}

/* ---- guards ------------------------------------------------------------------------- */

static bool is_guarded(const ad_builder *b, uint32_t comparison, bool expected)
{
    for (uint32_t i = b->nodes; i-- > 0 && i + 8 > b->nodes;) /* loops ask the same again at once */
        if (b->node[i].op == AD_PROGRAM_guard && b->node[i].of[0] == comparison &&
            b->node[i].of[1] == expected)
            return true;
    return false;
}

void ad_build_guard(ad_builder *b, uint32_t comparison, bool expected, const char *line)
{
    if (b->status != AD_OK || comparison == AD_NO_VALUE || is_guarded(b, comparison, expected) ||
        (ad_is_constant(comparison) && (ad_constant_of(b, comparison) != 0) == expected) ||
        !reserve(b, &b->guard_line, b->guards, &b->guards_room, sizeof *b->guard_line) ||
        !reserve_node(b))
        return;
    b->guard_line[b->guards] = line;
    b->node[b->nodes++] = (ad_program_node){AD_PROGRAM_guard, {comparison, expected, b->guards++}};
}
