/* Pulls long elementwise values back block by block. */
#include "tape/blockwise.h"

#include "array/strided.h"
#include "tape/fast_path.h"

#include <string.h>

enum {
    BLOCK_BYTES = 4096, /* of each buffer */
    CHUNK = 1 << 14,    /* numbers that a thread takes at a time */
    MOST_VALUES = 16,
    BUFFERS = 6
};

/* Numbers in an array; or those of the block at hand, in a buffer. */
typedef struct place {
    char *data; /* NULL: in the buffer */
    int buffer;
} place;

/* Multiplies the slope by one operand with the cotangent of one value. */
typedef struct step {
    const ad_kernel *kernel;
    int operands; /* of the kernel */
    place in[4];
    uint32_t index; /* the operand; */
    place out;      /* its cotangent: data is NULL, too, while it has no array */
    bool add;
} step;

typedef struct plan {
    ad_tape *t;
    size_t size, count; /* bytes of a number, and numbers of each value */
    int values, steps;
    uint32_t value[MOST_VALUES];
    int buffer[MOST_VALUES]; /* of its cotangent; -1: an array, or not yet needed */
    step step[2 * MOST_VALUES];
    bool used[BUFFERS], taken[BUFFERS]; /* at any time; at this step of the planning */
    const void *repeats[BUFFERS];       /* the number that fills a buffer for good, or NULL */
} plan;

/* ---- which values ------------------------------------------------------------------ */

static bool is_long(const ad_node *n, const ad_node *top)
{
    unsigned needed = AD_NODE_CONTIGUOUS | AD_NODE_TRACKED;
    return n->count == top->count && n->type == top->type && (n->flags & needed) == needed &&
           !(n->flags & AD_NODE_RETAINED) && ad_is_fast_op(n->op);
}

/* Whether a value can be pulled back beside the top. What broadcasts is a single number without derivative. */
static bool fits(const ad_tape *t, const ad_node *n, const ad_node *top)
{
    bool good = is_long(n, top);
    for (uint32_t k = 0; good && k < n->arity; k++) {
        const ad_node *x = t->nodes[ad_node_operands(n)[k]];
        good = x->flags & AD_NODE_CONTIGUOUS &&
               (x->count == top->count || (x->count == 1 && !(x->flags & AD_NODE_TRACKED)));
    }
    return good;
}

static bool is_operand(const plan *p, uint32_t index)
{
    for (int m = 0; m < p->values; m++) {
        const ad_node *n = p->t->nodes[p->value[m]];
        for (uint32_t k = 0; k < n->arity; k++)
            if (ad_node_operands(n)[k] == index)
                return true;
    }
    return false;
}

/* Goes down the tape to the first value that a cotangent flows into and that does not fit. */
static void choose(plan *p, uint32_t top, size_t most)
{
    const ad_tape *t = p->t;
    for (uint32_t i = top + 1; i-- > 0 && (size_t)p->values < most && p->values < MOST_VALUES;) {
        const ad_node *n = t->nodes[i];
        bool flows = i == top || n->cotangent || is_operand(p, i);
        if (!flows || !n->op || !(n->flags & AD_NODE_TRACKED))
            continue;
        if (!fits(t, n, t->nodes[top]))
            return;
        p->value[p->values++] = i;
    }
}

/* ---- where their numbers are ---------------------------------------------------------- */

/* One that is not busy; -1 if all are. */
static int take_buffer(plan *p, const bool *busy)
{
    for (int b = 0; b < BUFFERS; b++)
        if (!busy[b]) {
            p->taken[b] = p->used[b] = true;
            return b;
        }
    return -1;
}

/* A buffer that holds nothing but this number, from the first step to the last. */
static int repeating_buffer(plan *p, const void *number)
{
    for (int b = 0; b < BUFFERS; b++)
        if (p->repeats[b] == number)
            return b;
    int b = take_buffer(p, p->used);
    if (b >= 0)
        p->repeats[b] = number;
    return b;
}

static int place_of_value(const plan *p, uint32_t index)
{
    for (int m = 0; m < p->values; m++)
        if (p->value[m] == index)
            return m;
    return -1;
}

/* Where the numbers of value m's operand are. */
static bool find_operand(plan *p, const ad_node *x, place *in)
{
    *in = (place){x->data, -1};
    if (x->count == p->count)
        return true;
    *in = (place){NULL, repeating_buffer(p, x->data)};
    return in->buffer >= 0;
}

/* Where the cotangent of an operand goes: into a buffer, if only values of the plan use it. */
static bool find_out(plan *p, step *s)
{
    const ad_node *x = p->t->nodes[s->index];
    int m = x->cotangent ? -1 : place_of_value(p, s->index);
    s->out = (place){x->cotangent, -1};
    s->add = x->cotangent;
    for (const step *before = p->step; before < s; before++)
        s->add = s->add || before->index == s->index;
    if (m < 0)
        return true;
    if (!s->add)
        p->buffer[m] = take_buffer(p, p->taken);
    s->out.buffer = p->buffer[m];
    return s->out.buffer >= 0;
}

static bool plan_value(plan *p, int m)
{
    const ad_node *n = p->t->nodes[p->value[m]];
    const ad_fast_kernels *k = n->op->kernels;
    const uint32_t *operands = ad_node_operands(n);
    int arity = (int)n->arity;
    step s = {.operands = arity + 2};
    for (int i = 0; i < arity; i++)
        if (!find_operand(p, p->t->nodes[operands[i]], &s.in[i]))
            return false;
    s.in[arity] = (place){n->data, -1};
    s.in[arity + 1] = (place){n->cotangent, p->buffer[m]};
    for (int i = 0; i < arity; i++) {
        if (!(p->t->nodes[operands[i]]->flags & AD_NODE_TRACKED))
            continue;
        s.kernel = &k->slope[i].of[n->type];
        s.index = operands[i];
        p->step[p->steps] = s;
        if (!find_out(p, &p->step[p->steps++]))
            return false;
    }
    if (p->buffer[m] >= 0)
        p->taken[p->buffer[m]] = false;
    return true;
}

/* False where there are too few buffers for so many values. */
static bool plan_values(plan *p)
{
    p->steps = 0;
    memset(p->used, 0, sizeof p->used);
    memset(p->taken, 0, sizeof p->taken);
    memset(p->repeats, 0, sizeof p->repeats);
    for (int m = 0; m < p->values; m++)
        p->buffer[m] = -1;
    for (int m = 0; m < p->values; m++)
        if (!plan_value(p, m))
            return false;
    return true;
}

/* Arrays for the cotangents that values outside the plan use. */
static bool take_arrays(plan *p)
{
    for (int i = 0; i < p->steps; i++) {
        step *s = &p->step[i];
        ad_node *x = p->t->nodes[s->index];
        if (s->out.data || s->out.buffer >= 0)
            continue;
        if (!x->cotangent && !ad_take_cotangent(p->t, s->index, AD_FIRST_ORDER))
            return false;
        s->out.data = x->cotangent;
    }
    return true;
}

/* ---- the work ------------------------------------------------------------------------ */

static void *numbers_at(const plan *p, const place *at, size_t begin, char (*room)[BLOCK_BYTES])
{
    return at->data ? at->data + begin * p->size : room[at->buffer];
}

static void pull_block(const plan *p, size_t begin, size_t n, char (*room)[BLOCK_BYTES])
{
    for (const step *s = p->step; s < p->step + p->steps; s++) {
        const void *in[4];
        for (int k = 0; k < s->operands; k++)
            in[k] = numbers_at(p, &s->in[k], begin, room);
        ad_kernel_run(s->kernel, p->t->work.isa, p->size, 0, n, in,
                      numbers_at(p, &s->out, begin, room), s->add);
    }
}

static void repeat(const plan *p, char (*room)[BLOCK_BYTES])
{
    for (int b = 0; b < BUFFERS; b++)
        if (p->repeats[b])
            ad_strided_pack(p->size, BLOCK_BYTES / p->size, p->repeats[b], 0, room[b]);
}

static void pull_chunk(void *user, size_t task, int worker)
{
    const plan *p = user;
    _Alignas(AD_ALIGNMENT) char room[BUFFERS][BLOCK_BYTES];
    size_t block = BLOCK_BYTES / p->size, begin = task * CHUNK;
    size_t end = p->count - begin < CHUNK ? p->count : begin + CHUNK;
    (void)worker;
    repeat(p, room);
    for (; begin < end; begin += block)
        pull_block(p, begin, end - begin < block ? end - begin : block, room);
}

size_t ad_blockwise_pull(ad_tape *t, uint32_t top, size_t most, uint32_t *lowest)
{
    const ad_node *n = t->nodes[top];
    plan p = {.t = t, .count = n->count, .size = ad_number_bytes(n->type)};
    choose(&p, top, most);
    while (p.values > 0 && !plan_values(&p))
        p.values--;
    if (p.values == 0)
        return 0;
    if (take_arrays(&p))
        ad_work_share(&t->work, (p.count + CHUNK - 1) / CHUNK, pull_chunk, &p);
    *lowest = p.value[p.values - 1];
    return (size_t)p.values;
}
