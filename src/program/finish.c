/* The end of a building: what nothing needs is dropped, and values are numbered. */
#include "program/build.h"
#include "program/contract.h"
#include "program/lanes.h"
#include "program/scalar.h"

#include "base/memory.h"

#include <string.h>

/* The new index of each reference, or AD_NO_VALUE: it is not needed. */
typedef struct numbering {
    uint32_t *constant, *value; /* value: inputs, then nodes */
    uint32_t constants, nodes, guards;
} numbering;

static uint32_t *entry_of(const numbering *m, uint32_t reference)
{
    return ad_is_constant(reference) ? &m->constant[reference & ~AD_BUILD_CONSTANT]
                                     : &m->value[reference];
}

enum { NEEDED = 0 }; /* until it is numbered */

/* Operands of a node: a guard's other two are no values. */
static void need_operands(const numbering *m, const ad_program_node *n)
{
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        *entry_of(m, n->of[k]) = NEEDED;
}

static void find_needed(const ad_builder *b, numbering *m, size_t count, const uint32_t *output)
{
    memset(m->constant, 0xff, b->constants * sizeof *m->constant);
    memset(m->value, 0xff, ((size_t)b->inputs + b->nodes) * sizeof *m->value);
    for (size_t i = 0; i < count; i++)
        *entry_of(m, output[i]) = NEEDED;
    for (uint32_t i = b->nodes; i-- > 0;) {
        uint32_t *entry = &m->value[b->inputs + i];
        if (b->node[i].op == AD_PROGRAM_guard)
            *entry = NEEDED;
        if (*entry == NEEDED)
            need_operands(m, &b->node[i]);
    }
}

static bool is_needed(const ad_builder *b, const numbering *m, uint32_t node)
{
    return m->value[b->inputs + node] != AD_NO_VALUE;
}

/* How often a value divides: a division, or its reciprocal. */
static void count_divisions(const ad_builder *b, const numbering *m)
{
    for (uint32_t i = 0; i < b->nodes; i++)
        if (is_needed(b, m, i) && b->node[i].op == AD_PROGRAM_div)
            ++*entry_of(m, b->node[i].of[1]);
        else if (is_needed(b, m, i) && b->node[i].op == AD_PROGRAM_reciprocal)
            ++*entry_of(m, b->node[i].of[0]);
}

/* Divisions by a value that divides several times become products with its reciprocal, which rewrite.c has put before
 * each of them. */
static void share_reciprocals(ad_builder *b, const numbering *m)
{
    count_divisions(b, m);
    for (uint32_t i = 0; i < b->nodes; i++) {
        ad_program_node *n = &b->node[i];
        if (is_needed(b, m, i) && n->op == AD_PROGRAM_div && *entry_of(m, n->of[1]) > 1) {
            n->of[1] = ad_build_one(b, AD_PROGRAM_reciprocal, n->of[1]);
            n->op = AD_PROGRAM_mul;
        }
    }
}

/* Counts uses where AD_NO_VALUE is not; contracts; and marks again. */
static void contract(ad_builder *b, const numbering *m, size_t count, const uint32_t *output)
{
    uint32_t *uses = m->value + b->inputs;
    for (size_t i = 0; i < count; i++)
        ++*entry_of(m, output[i]);
    for (uint32_t i = 0; i < b->nodes; i++)
        for (uint32_t k = 0; uses[i] != AD_NO_VALUE && k < ad_program_ops[b->node[i].op].arity; k++)
            ++*entry_of(m, b->node[i].of[k]);
    ad_contract(b, uses);
    for (uint32_t *entry = m->constant; entry < uses + b->nodes; entry++)
        *entry = *entry == AD_NO_VALUE ? AD_NO_VALUE : NEEDED;
}

static void number(const ad_builder *b, numbering *m)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < b->constants; i++)
        if (m->constant[i] == NEEDED)
            m->constant[i] = next++;
    m->constants = next;
    for (uint32_t i = 0; i < b->inputs; i++)
        m->value[i] = next++;
    for (uint32_t i = b->inputs; i < b->inputs + b->nodes; i++)
        if (m->value[i] == NEEDED) {
            m->value[i] = next++;
            m->guards += b->node[i - b->inputs].op == AD_PROGRAM_guard;
        }
    m->nodes = next - m->constants - b->inputs;
}

/* ---- the lists of a program --------------------------------------------------------- */

typedef struct lists {
    double *constant;
    ad_program_node *node;
    uint32_t *output;
    const char **line;
    char *text; /* of the lines */
} lists;

static size_t text_bytes(const ad_builder *b)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < b->guards; i++)
        bytes = ad_size_add(bytes, b->guard_line[i] ? strlen(b->guard_line[i]) + 1 : 0);
    return bytes;
}

static ad_program *take_program(ad_builder *b, const numbering *m, size_t count, lists *l)
{
    size_t sizes[] = {sizeof(ad_program),
                      m->constants * sizeof(double),
                      m->guards * sizeof(char *),
                      ad_size_mul(m->nodes, sizeof(ad_program_node)),
                      ad_size_mul(count, sizeof(uint32_t)),
                      text_bytes(b)};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        bytes = ad_size_add(bytes, sizes[i]);
    char *at = ad_memory_take(b->options.allocator, bytes);
    ad_program *p = (ad_program *)(void *)at;
    if (!p) {
        ad_build_fail(b, AD_MEMORY, "program: memory ran out: %zu bytes", bytes);
        return NULL;
    }
    l->constant = (void *)(at += sizes[0]);
    l->line = (void *)(at += sizes[1]);
    l->node = (void *)(at += sizes[2]);
    l->output = (void *)(at += sizes[3]);
    l->text = at + sizes[4];
    *p = (ad_program){.options = b->options,
                      .constants = m->constants,
                      .inputs = b->inputs,
                      .nodes = m->nodes,
                      .outputs = (uint32_t)count,
                      .guards = m->guards,
                      .constant = l->constant,
                      .node = l->node,
                      .output = l->output,
                      .guard_line = l->line,
                      .bytes = bytes};
    return p;
}

/* Keeps a guard's line; the builder's may be of a program that is freed before. */
static void keep_line(const ad_builder *b, lists *l, uint32_t from, uint32_t to)
{
    const char *line = b->guard_line[from];
    l->line[to] = line ? l->text : NULL;
    if (line) {
        size_t length = strlen(line) + 1;
        memcpy(l->text, line, length);
        l->text += length;
    }
}

static void fill(const ad_builder *b, const numbering *m, lists *l, size_t count,
                 const uint32_t *output)
{
    uint32_t guards = 0;
    for (uint32_t i = 0; i < b->constants; i++)
        if (m->constant[i] != AD_NO_VALUE)
            l->constant[m->constant[i]] = b->constant[i];
    ad_program_node *to = l->node;
    for (uint32_t i = 0; i < b->nodes; i++) {
        if (m->value[b->inputs + i] == AD_NO_VALUE)
            continue;
        *to = b->node[i];
        for (uint32_t k = 0; k < ad_program_ops[to->op].arity; k++)
            to->of[k] = *entry_of(m, to->of[k]);
        if (to->op == AD_PROGRAM_guard) {
            keep_line(b, l, to->of[2], guards);
            to->of[2] = guards++;
        }
        to++;
    }
    for (size_t i = 0; i < count; i++)
        l->output[i] = *entry_of(m, output[i]);
}

void ad_program_free(ad_program *p)
{
    if (!p)
        return;
    ad_scalar_free(p->scalar);
    ad_lane_forms_free(p->lanes, p->options.allocator);
    ad_memory_give(p->options.allocator, p, p->bytes);
}

static ad_program *number_and_fill(ad_builder *b, numbering *m, size_t count,
                                   const uint32_t *output)
{
    lists l;
    find_needed(b, m, count, output);
    if (b->options.allow & AD_ALLOW_RECIPROCALS) {
        share_reciprocals(b, m);
        find_needed(b, m, count, output);
    }
    if (b->options.allow & AD_ALLOW_FMA)
        contract(b, m, count, output);
    number(b, m);
    ad_program *p = take_program(b, m, count, &l);
    if (!p)
        return NULL;
    fill(b, m, &l, count, output);
    p->scalar = ad_scalar_lower(p);
    p->lanes = ad_lane_forms_new(p->options.allocator);
    if (p->scalar && p->lanes)
        return p;
    ad_build_fail(b, AD_MEMORY, "program: memory ran out");
    ad_program_free(p);
    return NULL;
}

static ad_program *finish(ad_builder *b, size_t count, const uint32_t *output)
{
    if (count >= AD_BUILD_CONSTANT) {
        ad_build_fail(b, AD_TOO_LARGE, "program: %zu outputs", count);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (output[i] == AD_NO_VALUE)
            return NULL;
    size_t values = (size_t)b->inputs + b->nodes;
    size_t bytes = ad_size_mul(ad_size_add(values, b->constants), sizeof(uint32_t));
    numbering m = {.constant = ad_memory_take(b->options.allocator, bytes)};
    if (!m.constant) {
        ad_build_fail(b, AD_MEMORY, "program: memory ran out: %zu bytes", bytes);
        return NULL;
    }
    m.value = m.constant + b->constants;
    ad_program *p = number_and_fill(b, &m, count, output);
    ad_memory_give(b->options.allocator, m.constant, bytes);
    return p;
}

ad_program *ad_build_end(ad_builder *b, size_t count, const uint32_t *output)
{
    ad_program *p = b->status == AD_OK ? finish(b, count, output) : NULL;
    ad_build_release(b);
    return p;
}
