/* Programs of functions of tensors: the function is evaluated on a tape, and the tape is read. */
#include "program/tensors.h"
#include "program/named.h"

#include "adze/program/tensors.h"
#include "base/memory.h"
#include "tape/leaf.h"

#include <string.h>

/* ---- reading ------------------------------------------------------------------------ */

/* Whether it is computed from inputs. */
static bool varies(const ad_tensor_reading *d, const ad_node *n)
{
    bool any = false;
    for (uint32_t k = 0; k < n->arity; k++)
        any = any || d->element[ad_node_operands(n)[k]];
    return any;
}

/* Memory for the elements of a node, on the tape of moves. NULL with an error. */
static uint32_t *take_elements(ad_tensor_reading *d, size_t count)
{
    uint32_t *elements = ad_memory_take(d->build.options.allocator, count * sizeof *elements);
    if (!elements)
        ad_build_fail(&d->build, AD_MEMORY, "program: memory ran out: %zu elements", count);
    return elements;
}

static void read_all(ad_tensor_reading *d, int n, const ad_tensor *x)
{
    uint32_t next = 0;
    for (int i = 0; i < n; i++) {
        const ad_node *leaf = ad_tape_node(x[i]);
        uint32_t *y = take_elements(d, leaf->count);
        d->element[ad_tensor_index(x[i])] = y;
        for (size_t e = 0; y && e < leaf->count; e++)
            y[e] = next++;
    }
    for (uint32_t at = 0; at < d->tape->count && d->build.status == AD_OK; at++) {
        const ad_node *node = d->tape->nodes[at];
        if (node->op && !d->element[at] && varies(d, node)) {
            d->element[at] = take_elements(d, node->count);
            if (d->element[at])
                ad_read_node(d, node, d->element[at]);
        }
    }
}

static void give_elements(ad_tensor_reading *d)
{
    for (uint32_t at = 0; at < d->tape->count; at++)
        if (d->element[at])
            ad_memory_give(d->build.options.allocator, d->element[at],
                           d->tape->nodes[at]->count * sizeof **d->element);
}

static ad_program *end_with_elements(ad_tensor_reading *d, ad_tensor y)
{
    const uint32_t at = ad_tensor_index(y);
    const size_t count = d->tape->nodes[at]->count;
    const ad_allocator *allocator = d->build.options.allocator; /* the building ends before */
    uint32_t *output = d->build.status == AD_OK ? take_elements(d, count) : NULL;
    for (size_t i = 0; output && i < count; i++)
        output[i] = ad_node_element(d, at, i);
    ad_program *p = ad_build_end(&d->build, output ? count : 0, output);
    if (output)
        ad_memory_give(allocator, output, count * sizeof *output);
    return p;
}

/* Reads a tape on which y was computed from the leaves x. */
static ad_program *read_tape(ad_tape *t, int n, const ad_tensor *x, ad_tensor y, size_t inputs,
                             const ad_program_options *options, ad_error *error)
{
    const size_t bytes = (size_t)t->count * sizeof(uint32_t *);
    ad_tape_options like = {.size = sizeof like, .allocator = options->allocator};
    ad_tensor_reading d = {.tape = t, .moves = ad_tape_new(&like)};
    d.element = ad_memory_take(options->allocator, bytes);
    ad_build_begin(&d.build, options, inputs, error);
    if (!d.element || !d.moves)
        ad_build_fail(&d.build, AD_MEMORY, "program: memory ran out");
    if (d.element)
        memset(d.element, 0, bytes);
    if (d.build.status == AD_OK)
        read_all(&d, n, x);
    ad_program *p = NULL;
    const ad_allocator *allocator = options->allocator;
    if (d.build.status == AD_OK)
        p = end_with_elements(&d, y);
    else
        ad_build_end(&d.build, 0, NULL);
    d.build.options.allocator = allocator;
    if (d.element)
        give_elements(&d);
    ad_memory_give(allocator, d.element, bytes);
    ad_tape_free(d.moves);
    return p;
}

/* ---- evaluating --------------------------------------------------------------------- */

/* Whether y is a value of the tape; else an error on the tape. */
static bool is_result(ad_tape *t, ad_tensor y)
{
    if (ad_tape_status(t) != AD_OK)
        return false;
    if (y.tape == t && ad_tape_node(y))
        return true;
    ad_tape_fail(t, y.tape == t ? AD_STALE : AD_FOREIGN,
                 "program: the function's result is no value of its tape");
    return false;
}

static ad_program *record(ad_tape *t, ad_function *f, int n, const ad_view *x, ad_tensor *leaf,
                          const void *env, const ad_program_options *options, ad_error *error)
{
    size_t inputs = 0;
    ad_tape_widen(t, true);
    for (int i = 0; i < n; i++) {
        leaf[i] = ad_watch(t, x[i]);
        inputs += ad_tape_status(t) == AD_OK ? ad_tape_node(leaf[i])->count : 0;
    }
    ad_tensor y = ad_tape_status(t) == AD_OK ? f(t, leaf, env) : ad_dead(leaf[0]);
    if (is_result(t, y))
        return read_tape(t, n, leaf, y, inputs, options, error);
    ad_fail(error, ad_tape_status(t), "%s", ad_tape_error(t));
    return NULL;
}

ad_program *ad_program_of_tensors(ad_function *f, int n, const ad_view *x, const void *env,
                                  const ad_program_options *given, ad_error *error)
{
    ad_program_options options;
    if (!ad_program_options_read(given, &options, error))
        return NULL;
    if (!f || n < 1 || !x) {
        ad_fail(error, AD_MISUSE, "program_of_tensors: f or x is NULL, or there are no tensors");
        return NULL;
    }
    ad_tape_options like = {.size = sizeof like, .allocator = options.allocator};
    ad_tape *t = ad_tape_new(&like);
    ad_tensor *leaf = t ? ad_tape_memory(t, ad_size_mul((size_t)n, sizeof *leaf)) : NULL;
    ad_program *p = NULL;
    if (leaf)
        p = record(t, f, n, x, leaf, env, &options, error);
    else
        ad_fail(error, AD_MEMORY, "program_of_tensors: memory ran out");
    ad_tape_free(t);
    return p;
}
