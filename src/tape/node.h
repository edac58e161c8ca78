/* What a tape is made of. Private to src/core.
 *
 * Invariants: an operand precedes its result, so a sweep is a walk down the list. Nodes, the numbers
 * they own and what they saved lie in one arena in order of recording, so that going back to
 * a node gives back all that came after it. Cotangents and tangents live in a pool
 * of their own, sorted by size for reuse. */
#ifndef ADZE_TAPE_NODE_H
#define ADZE_TAPE_NODE_H

#include "adze/op.h"
#include "adze/pool.h"
#include "array/text.h"
#include "base/arena.h"
#include "base/cpu.h"
#include "base/guard.h"
#include "base/recycler.h"

#include <stdatomic.h>

#define AD_NO_NODE UINT32_MAX

enum {                         /* flags of a node */
       AD_NODE_TRACKED = 1,    /* depends on a watched leaf: has a derivative */
       AD_NODE_WATCHED = 2,    /* is such a leaf */
       AD_NODE_SEVERED = 4,    /* depends on a watched leaf, through an op without derivative */
       AD_NODE_CONTIGUOUS = 8, /* its numbers lie row by row */
       AD_NODE_RUN = 128,      /* so do its operands', and they have its shape */
       AD_NODE_REACHED = 16,   /* the last sweep's root depends on this leaf */
       AD_NODE_MARK = 32,      /* for the walk at hand: on a path of derivatives */
       AD_NODE_CUT = 64,       /* the same: behind an op without derivative */
       AD_NODE_STOP = 256,     /* the same: behind one that stops gradients */
       AD_NODE_TRAIL = 512,    /* the same: depends on the leaf in question */
       AD_NODE_MEMORY = 1024,  /* no value: memory that the user asked for */
       AD_NODE_RETAINED = 2048 /* keeps its cotangent, as a watched leaf does */
};

typedef struct ad_axis {
    int64_t dim, stride;
} ad_axis;

typedef struct ad_node {
    const ad_op *op;   /* NULL: a leaf */
    const char *label; /* borrowed, or NULL */
    const char *place; /* the source line, or NULL */
    void *data;        /* numbers: the node's own, an operand's, or borrowed from the user */
    void *saved;
    void *cotangent; /* while a sweep needs it; a watched leaf or a retained value keeps it. As many
                         as the sweep carries, one block after another */
    size_t count;    /* elements */
    uint32_t epoch;  /* what a handle must show */
    uint32_t watched; /* of a watched leaf or a retained value: the one before it */
    uint32_t arity;
    uint8_t type, rank;
    uint16_t flags;
    ad_axis axes[]; /* [rank]; then uint32_t operands [arity], then attr */
} ad_node;

/* For each of the tape's directions, one block after another. */
typedef struct ad_tangents {
    void *tx;  /* tangents of the value; NULL: all are zero */
    void *tdx; /* tangents of the cotangent */
} ad_tangents;

struct ad_workspace {
    ad_tape *tape;
    ad_error rejected; /* by the kernel that runs */
};

struct ad_tape {
    _Atomic(const char *) place; /* of the call to come, or NULL: comes first, see ad_tape_at */
    const ad_allocator *allocator;
    unsigned checks;
    ad_guard guard;
    ad_arena values;
    ad_recycler buffers;
    ad_pool *threads; /* or NULL */
    ad_tape *inner;   /* for functions evaluated aside (inner.c), or NULL */
    ad_tape *outer;   /* whose inner tape this is, or NULL */
    ad_isa isa;
    ad_node **nodes;
    uint32_t count, capacity;
    uint32_t epoch;
    uint32_t held;         /* nodes that must stay, see ad_tape_hold */
    uint32_t last_watched; /* or retained; AD_NO_NODE: none */
    bool severed;          /* some node is */
    bool widens;           /* f32 leaves become f64 */
    const char *busy;      /* the op whose kernel runs, or NULL */
    uint32_t sweep_root;   /* of the sweep at work or suspended; AD_NO_NODE: none */
    uint32_t sweep_next;   /* that sweep has yet to visit the nodes before this one */
    uint32_t cotangents;   /* of each value, in that sweep or the last one */
    ad_poll *poll;
    void *poll_user;
    ad_error error;
    ad_workspace work;
    bool looked_on; /* by a tracer or a poll */
    ad_tracer *tracer;
    void *tracer_user;
    ad_tangents *tangents; /* [tangents_capacity], used below tangents_count */
    uint32_t tangents_count, tangents_capacity;
    uint32_t directions; /* tangents of each value */
    uint32_t pushed;     /* the node up to which tangents were carried, or AD_NO_NODE */
};

/* ---- nodes -------------------------------------------------------------------------- */

static inline uint32_t *ad_node_operands(const ad_node *n)
{
    return (uint32_t *)(uintptr_t)(n->axes + n->rank);
}

static inline void *ad_node_attr(const ad_node *n)
{
    return (char *)ad_node_operands(n) + ((n->arity + 1u) & ~1u) * sizeof(uint32_t);
}

/* Bytes of a number; ad_type_size for types that are known to exist. */
static inline size_t ad_number_bytes(unsigned type)
{
#define AD_BYTES(name, ctype, floating) sizeof(ctype),
    static const uint8_t bytes[] = {AD_TYPE_LIST(AD_BYTES)};
#undef AD_BYTES
    return bytes[type];
}

static inline size_t ad_node_bytes(const ad_node *n)
{
    return n->count * ad_number_bytes(n->type);
}

/* Bytes of `count` blocks of n's numbers; SIZE_MAX, which nobody has, on overflow. */
static inline size_t ad_node_blocks(const ad_node *n, uint32_t count)
{
    return count == 1 ? ad_node_bytes(n) : ad_size_mul(ad_node_bytes(n), count);
}

/* The shape and the value of a node, or numbers of its shape that lie row by row. Extents beyond
 * the rank stay as they are: a view is large, and most values have few axes. */
static inline void ad_node_measure(const ad_node *n, ad_shape *shape)
{
    shape->rank = n->rank;
    for (int i = 0; i < n->rank; i++)
        shape->dim[i] = n->axes[i].dim;
}

static inline void ad_node_look(const ad_node *n, ad_view *v)
{
    v->data = n->data;
    v->type = (ad_type)n->type;
    ad_node_measure(n, &v->shape);
    for (int i = 0; i < n->rank; i++)
        v->stride[i] = n->axes[i].stride;
}

static inline void ad_node_look_rows(const ad_node *n, const void *data, ad_view *v)
{
    int64_t step = 1;
    v->data = data;
    v->type = (ad_type)n->type;
    ad_node_measure(n, &v->shape);
    for (int i = n->rank - 1; i >= 0; i--) {
        v->stride[i] = step;
        step *= n->axes[i].dim > 0 ? n->axes[i].dim : 1;
    }
}

ad_shape ad_node_shape(const ad_node *n);
ad_view ad_node_rows(const ad_node *n, const void *data);

/* The i-th of `count` blocks of n's numbers; holds nothing where there is no such. */
ad_view ad_node_block(const ad_node *n, const void *blocks, uint32_t count, int i);
const char *ad_node_name(const ad_node *n);

/* The node of a live handle; NULL for any other. */
static inline ad_node *ad_tape_node(ad_tensor x)
{
    if (!x.tape || x.as.node.index >= x.tape->count)
        return NULL;
    ad_node *n = x.tape->nodes[x.as.node.index];
    return n->epoch == x.as.node.epoch ? n : NULL;
}

ad_tensor ad_tape_handle(ad_tape *t, uint32_t index);
ad_tensor ad_tape_dead(ad_tape *t);

/* A node for an op with operands (or a leaf: op NULL), with room for its attr. Its numbers, unless
 * `borrowed` points to them, are the node's own and uninitialised. NULL with an error on the tape when
 * there is no room. The node counts only once it is kept; until then, going back to
 * the place before it undoes it. */
typedef struct ad_node_plan {
    const ad_op *op;
    int arity;
    ad_type type;
    const ad_shape *shape;
    const int64_t *stride; /* NULL: row by row */
    const void *borrowed;
    size_t count;
} ad_node_plan;

ad_node *ad_tape_plan(ad_tape *t, const ad_node_plan *plan);
ad_tensor ad_tape_keep(ad_tape *t, ad_node *n);

/* The contiguous copy of a strided value, on the tape like any other. */
extern const ad_op ad_contiguous_op;

/* ---- calling kernels ---------------------------------------------------------------- */

/* The source line that the caller noted. It serves for one node. */
static inline const char *ad_tape_place(ad_tape *t)
{
    return atomic_load_explicit(&t->place, memory_order_relaxed);
}

/* Around what a public function does to a tape. False, with nothing to leave, if it cannot be used
 * now: it failed, one of its kernels is at work, or another thread is (AD_CHECK_THREADS). */
bool ad_tape_refuses(ad_tape *t, const char *name);

static inline void ad_tape_leave(ad_tape *t)
{
    if (t->checks & AD_CHECK_THREADS)
        ad_guard_leave(&t->guard);
}

static inline ad_status ad_tape_leave_with_status(ad_tape *t)
{
    ad_status status = t->error.status;
    ad_tape_leave(t);
    return status;
}

static inline bool ad_tape_enter(ad_tape *t, const char *name)
{
    if (t->checks & AD_CHECK_THREADS && !ad_guard_enter(&t->guard, name))
        return false;
    return (t->error.status == AD_OK && !t->busy) || !ad_tape_refuses(t, name);
}

/* The same for functions that serve a failed tape as well: false only if others are at work. */
bool ad_tape_take_over(ad_tape *t, const char *name);

/* Around the call of an op's rule. The end gives back scratch memory and turns a rejection into
 * the tape's error: "matmul([64, 784], [50, 10]): reason", with a prefix before it. */
static inline ad_place ad_kernel_begin(ad_tape *t, const ad_op *op)
{
    t->busy = op->name;
    return ad_arena_place(&t->values);
}

bool ad_kernel_failed(ad_tape *t, const char *name, const char *prefix, int arity,
                      const ad_view *x);

static inline bool ad_kernel_end(ad_tape *t, ad_place start, const char *prefix, int arity,
                                 const ad_view *x)
{
    const char *name = t->busy;
    t->busy = NULL;
    ad_arena_return(&t->values, start);
    if (t->work.rejected.status == AD_OK && t->error.status == AD_OK)
        return true;
    return ad_kernel_failed(t, name, prefix, arity, x);
}

/* "matmul([64, 784], [50, 10])" into text, cut to fit. */
char *ad_call_print(const char *name, int arity, const ad_view *x, char *text, size_t size);

/* Adds ' "label" at net.c:12', as far as there are such. */
void ad_node_add_names(ad_text *text, const ad_node *n);

/* ---- looking at numbers (AD_CHECK_NUMBERS) ------------------------------------------ */

/* Numbers that a rule of n has computed, row by row: its result, or the cotangent or tangent of one
 * of its values. */
typedef struct ad_outcome {
    const char *rule; /* "", "pullback of " and so on */
    const char *what; /* the result, ... */
    int operand;      /* what is of which operand, or -1 */
    const ad_node *n;
    const uint32_t *operands; /* [arity] nodes */
    const ad_view *x;         /* [arity] */
    ad_view numbers;
    ad_view dy; /* data is NULL where there is none */
} ad_outcome;

bool ad_all_finite(ad_isa isa, unsigned type, const void *numbers, size_t count);

/* Always false, with an error that tells all about the first bad number. */
bool ad_not_finite(ad_tape *t, const ad_outcome *o);

void ad_trace_event(ad_tape *t, ad_event_kind kind, const ad_node *n);

/* ---- borrowed numbers (AD_CHECK_BORROWED) ------------------------------------------- */

/* Remembers a digest of a leaf's numbers; false with an error when memory ran out. Then, whether all
 * numbers still have theirs: false with an error that names the leaf. */
bool ad_remember_numbers(ad_tape *t, ad_node *leaf);
bool ad_numbers_unchanged(ad_tape *t, const char *name);

/* ---- shared by the sweeps ----------------------------------------------------------- */

/* Enters the tape for a sweep. The root: live, of one element if `single`. NULL with an error on the
 * tape, and nothing to leave. */
ad_node *ad_sweep_root(const char *name, ad_tensor y, bool single);

/* False, with an error by name, if a watched leaf matters to the root only through operations without
 * derivative, or on other grounds that the tape was asked to check. */
bool ad_sweep_allowed(ad_tape *t, const char *name, uint32_t root);

/* Operands of a node, and what its rules get of each. */
enum { AD_FRAME_FEW = 4 };

typedef struct ad_frame {
    ad_place start;
    ad_view *x, *tx;
    ad_array *dx;
    bool *assign;
    ad_view small_x[AD_FRAME_FEW], small_tx[AD_FRAME_FEW];
    ad_array small_dx[AD_FRAME_FEW];
    bool small_assign[AD_FRAME_FEW];
} ad_frame;

/* Takes room for the many operands of n. */
bool ad_frame_grow(ad_frame *f, ad_tape *t, const ad_node *n);

/* Views the operands of n. Close it in any case; false with an error when memory ran out. */
static inline bool ad_frame_open(ad_frame *f, ad_tape *t, const ad_node *n)
{
    f->start = ad_arena_place(&t->values);
    f->x = f->small_x;
    f->tx = f->small_tx;
    f->dx = f->small_dx;
    f->assign = f->small_assign;
    if (n->arity > AD_FRAME_FEW && !ad_frame_grow(f, t, n))
        return false;
    for (uint32_t i = 0; i < n->arity; i++)
        ad_node_look(t->nodes[ad_node_operands(n)[i]], &f->x[i]);
    return true;
}

static inline void ad_frame_close(ad_frame *f, ad_tape *t)
{
    ad_arena_return(&t->values, f->start);
}

/* Fills in the tangents of n's operands. False if all are zero. */
bool ad_frame_tangents(ad_frame *f, ad_tape *t, const ad_node *n);

/* Then, those in the next of several directions. */
void ad_frame_next_tangents(ad_frame *f, ad_tape *t, const ad_node *n);

void ad_sweep_drop(ad_tape *t);                       /* the suspended sweep, if there is one */
void ad_release_gradients(ad_tape *t, uint32_t from); /* of watched leaves from an index on */
void ad_release_tangents(ad_tape *t, uint32_t from);
bool ad_room_for_tangents(ad_tape *t, uint32_t count);

#endif
