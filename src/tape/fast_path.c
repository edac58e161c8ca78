/* The fast path of elementwise operations on few numbers. */
#include "tape/fast_path.h"

#include "array/strided.h"
#include "tape/failure.h"

#include <string.h>

enum {
    MOST = 1024, /* numbers: with more of them, the usual way costs nothing that is felt */
    REPEATS = 64 /* the same, where a plain number has to be repeated */
};

/* ---- kernels ------------------------------------------------------------------------- */

/* How many numbers kernels are to run on, and by which instruction set. */
typedef struct extent {
    ad_isa best, isa;
    size_t count, size;
    bool fills; /* whole vectors */
} extent;

static inline size_t float_bytes(const ad_node *n)
{
    return n->type == AD_F32 ? sizeof(float) : sizeof(double);
}

static inline extent extent_of(const ad_tape *t, const ad_node *n)
{
    size_t bytes = n->count * float_bytes(n);
    ad_isa isa = ad_isa_for(t->work.isa, bytes);
    return (extent){.best = t->work.isa,
                    .isa = isa,
                    .count = n->count,
                    .size = float_bytes(n),
                    .fills = ad_isa_fills(isa, bytes)};
}

/* ad_kernel_run, for which all is known. */
static inline void run(const extent *e, const ad_kernel *kernel, const void *const *in, void *out,
                       bool add)
{
    ad_block *const *block = add ? kernel->add : kernel->of;
    if (e->fills && block[0])
        block[e->isa](0, e->count, in, out);
    else
        ad_kernel_run_parts(kernel, e->best, e->size, 0, e->count, in, out, add);
}

/* Room for a plain number as often as there are numbers beside it. */
typedef union repeated {
    float f32[REPEATS];
    double f64[REPEATS];
} repeated;

static AD_APART const void *repeat(const ad_node *number, size_t count, repeated *room)
{
    ad_strided_pack(float_bytes(number), count, number->data, 0, room);
    return room;
}

/* ---- whether it is for the fast path -------------------------------------------------- */

/* The node of a tensor of few floats that lie row by row, or else NULL. */
static inline const ad_node *few_floats(const ad_tape *t, ad_tensor x)
{
    const ad_node *n = x.tape == t ? ad_tape_node(x) : NULL;
    bool few = n && n->flags & AD_NODE_CONTIGUOUS && n->type <= AD_F64 && n->count - 1 < MOST;
    return few ? n : NULL;
}

static inline bool same_kind(const ad_node *a, const ad_node *b)
{
    if (a->type != b->type || a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->axes[i].dim != b->axes[i].dim)
            return false;
    return true;
}

/* Whether all that is to be recorded has room, so that nothing fails in the middle. */
static inline bool has_room(const ad_tape *t, const ad_node *like)
{
    size_t most =
        ad_node_head(0, 0) + ad_node_head(like->rank, 2) + like->count * float_bytes(like);
    return t->capacity - t->count >= 2 &&
           ad_arena_has(&t->values, most + 2 * AD_ALIGNMENT, AD_ALIGNMENT);
}

/* ---- recording ----------------------------------------------------------------------- */

static inline ad_node *put(ad_tape *t, const ad_op *op, unsigned arity, unsigned rank,
                           const ad_node *like, size_t count)
{
    size_t head = ad_node_head(rank, arity), bytes = count * float_bytes(like);
    bool within = bytes <= AD_NODE_INLINE;
    ad_node *n = ad_arena_cut(&t->values, within ? head + bytes : head, 8);
    *n = (ad_node){.op = op,
                   .source_line = ad_tape_source_line(t),
                   .data = (char *)n + head,
                   .count = count,
                   .epoch = t->epoch,
                   .watched = AD_NO_NODE,
                   .arity = arity,
                   .type = like->type,
                   .rank = (uint8_t)rank,
                   .flags = AD_NODE_CONTIGUOUS};
    if (!within)
        n->data = ad_arena_cut(&t->values, bytes, AD_ALIGNMENT);
    t->nodes[t->count++] = n;
    return n;
}

static inline void lay_out(ad_node *n, const ad_node *like)
{
    int64_t step = 1;
    for (int i = n->rank - 1; i >= 0; i--)
        n->axes[i] = ad_row_axis(like->axes[i].dim, &step);
}

/* `like` has the result's shape and type; `from` are the flags of the operands. */
static inline ad_tensor record(ad_tape *t, const ad_op *op, unsigned arity, const ad_node *like,
                               unsigned from, bool same_shapes, const uint32_t *index,
                               const void *const *in)
{
    const ad_fast_kernels *k = op->kernels;
    ad_node *n = put(t, op, arity, like->rank, like, like->count);
    lay_out(n, like);
    for (unsigned i = 0; i < arity; i++)
        ad_node_operands(n)[i] = index[i];
    from &= AD_NODE_TRACKED | AD_NODE_SEVERED;
    n->flags |= (uint16_t)(from | AD_NODE_FAST | (same_shapes ? AD_NODE_RUN : 0));
    t->severed |= (from & AD_NODE_SEVERED) != 0;
    extent e = extent_of(t, n);
    run(&e, &k->value.of[n->type], in, n->data, false);
    return ad_tensor_to(t, t->count - 1, t->epoch);
}

static inline bool record_one(ad_tape *t, const ad_op *op, ad_tensor x, ad_tensor *y)
{
    const ad_node *a = few_floats(t, x);
    if (!a || !has_room(t, a))
        return false;
    *y = record(t, op, 1, a, a->flags, true, (uint32_t[]){ad_tensor_index(x)},
                (const void *[]){a->data});
    return true;
}

static const ad_node *put_number(ad_tape *t, const ad_node *like, ad_tensor x)
{
    double number;
    const ad_node *n = put(t, NULL, 0, 0, like, 1);
    memcpy(&number, &x.bits, sizeof number);
    if (n->type == AD_F32)
        *(float *)n->data = (float)number;
    else
        *(double *)n->data = number;
    return n;
}

/* A tensor and a plain number, which becomes a value of its own; `which` is the tensor's place. */
static bool record_with_number(ad_tape *t, const ad_op *op, const ad_tensor *x, int which,
                               ad_tensor *y)
{
    repeated room;
    const ad_node *a = few_floats(t, x[which]);
    if (!a || a->count > REPEATS || t->widens || !has_room(t, a))
        return false;
    uint32_t index[] = {t->count, t->count};
    const ad_node *b = put_number(t, a, x[1 - which]);
    const void *numbers = a->count == 1 ? b->data : repeat(b, a->count, &room);
    const void *in[] = {numbers, numbers};
    index[which] = ad_tensor_index(x[which]);
    in[which] = a->data;
    *y = record(t, op, 2, a, a->flags, a->rank == 0, index, in);
    return true;
}

static inline bool record_two(ad_tape *t, const ad_op *op, const ad_tensor *x, ad_tensor *y)
{
    if (!x[0].tape || !x[1].tape)
        return record_with_number(t, op, x, !x[0].tape, y);
    const ad_node *a = few_floats(t, x[0]), *b = few_floats(t, x[1]);
    if (!a || !b || !same_kind(a, b) || !has_room(t, a))
        return false;
    *y = record(t, op, 2, a, a->flags | b->flags, true,
                (uint32_t[]){ad_tensor_index(x[0]), ad_tensor_index(x[1])},
                (const void *[]){a->data, b->data});
    return true;
}

/* A tape without checks needs no more than this to be entered, and nothing to be left. */
static inline bool can_record(const ad_tape *t)
{
    return t && ad_fast_allowed(t) && t->error.status == AD_OK && !t->busy;
}

bool ad_fast_apply(const ad_op *op, const ad_tensor *x, ad_tensor *y)
{
    bool one = op->arity == 1;
    ad_tape *t = one || x[0].tape ? x[0].tape : x[1].tape;
    if (!can_record(t) || !(one ? record_one(t, op, x[0], y) : record_two(t, op, x, y)))
        return false;
    ad_line_used(t);
    return true;
}

/* ---- pulling back -------------------------------------------------------------------- */

/* As a sweep does by rules: an operand that is given twice receives one slope after the other. */
static inline bool pull(ad_tape *t, ad_node *n, unsigned arity)
{
    repeated room;
    const void *in[4];
    const ad_fast_kernels *k = n->op->kernels;
    const uint32_t *index = ad_node_operands(n);
    for (unsigned i = 0; i < arity; i++) {
        const ad_node *x = t->nodes[index[i]];
        in[i] = x->count == n->count ? x->data : repeat(x, n->count, &room);
    }
    in[arity] = n->data;
    in[arity + 1] = n->cotangent;
    extent e = extent_of(t, n);
    for (unsigned i = 0; i < arity; i++) {
        ad_node *x = t->nodes[index[i]];
        bool add = x->cotangent;
        if (!(x->flags & AD_NODE_TRACKED))
            continue;
        if (!add && !(x->cotangent = ad_take_cotangent_buffer(t, x, e.count * e.size)))
            return false;
        run(&e, &k->slope[i].of[n->type], in, x->cotangent, add);
    }
    if (!(n->flags & AD_NODE_RETAINED)) {
        ad_recycler_give(&t->buffers, n->cotangent, e.count * e.size);
        n->cotangent = NULL;
    }
    return true;
}

bool ad_fast_pull(ad_tape *t, ad_node *n)
{
    return n->arity == 1 ? pull(t, n, 1) : pull(t, n, 2);
}
