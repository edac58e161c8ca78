/* The parts of a tape: its layout and its nodes.
 *
 * Invariants: an operand precedes its result, so a sweep is a walk down the list. Nodes, the
 * numbers they own and the bytes they saved lie in one arena in the order of recording, so going
 * back to a node gives back everything after it. Cotangents and tangents come from a recycler,
 * sorted by size. */
#ifndef ADZE_TAPE_NODE_H
#define ADZE_TAPE_NODE_H

#include "adze/number.h"
#include "adze/op.h"
#include "base/guard.h"
#include "base/recycler.h"
#include "base/workspace.h"

#include <stdatomic.h>

#define AD_NO_NODE UINT32_MAX

enum {                          /* flags of a node */
       AD_NODE_TRACKED = 1,     /* depends on a watched leaf: has a derivative */
       AD_NODE_WATCHED = 2,     /* is a watched leaf */
       AD_NODE_SEVERED = 4,     /* depends on a watched leaf, through an op without derivative */
       AD_NODE_CONTIGUOUS = 8,  /* its numbers lie row by row */
       AD_NODE_RUN = 128,       /* its operands' numbers do, too, and have its shape */
       AD_NODE_REACHED = 16,    /* the last sweep's root depends on this leaf */
       AD_NODE_MARK = 32,       /* for the current walk: on a path of derivatives */
       AD_NODE_CUT = 64,        /* for the current walk: behind an op without derivative */
       AD_NODE_STOP = 256,      /* for the current walk: behind an op that stops gradients */
       AD_NODE_TRAIL = 512,     /* for the current walk: depends on the leaf in question */
       AD_NODE_MEMORY = 1024,   /* not a value: memory that the user asked for */
       AD_NODE_RETAINED = 2048, /* keeps its cotangent, as a watched leaf does */
       AD_NODE_FAST = 4096,     /* can be pulled back in one piece, see fast_path.h */
       AD_NODE_EXTRA = 8192     /* an ad_node_extra lies before it */
};

typedef struct ad_axis {
    int64_t dim, stride;
} ad_axis;

typedef struct ad_node {
    const ad_op *op;         /* NULL: a leaf */
    const char *label;       /* borrowed, or NULL */
    const char *source_line; /* or NULL */
    void *data;              /* numbers: the node's own, an operand's, or borrowed from the user */
    void *cotangent; /* while a sweep needs it; a watched leaf or a retained value keeps it. As many
                         as the sweep carries, one block after another */
    size_t count;    /* elements */
    uint32_t epoch;  /* a handle of this node has the same */
    uint32_t watched; /* the watched leaf or retained value before this one */
    uint32_t arity;   /* 0 for a result after the first */
    uint8_t type, rank;
    uint16_t flags;
    ad_axis axes[]; /* [rank]; then uint32_t operands [arity], then attr */
} ad_node;

/* What only few nodes have: those of ops that save bytes or have several results, and leaves whose
 * numbers are watched for changes. */
typedef struct ad_node_extra {
    void *saved;
    uint32_t result;  /* its number among the results of its op */
    uint32_t results; /* of its op */
} ad_node_extra;

/* For each of the tape's directions, one block after another. */
typedef struct ad_tangents {
    void *tx;  /* tangents of the value; NULL: all are zero */
    void *tdx; /* tangents of the cotangent */
} ad_tangents;

/* Recorders of nodes (recorders.h), those in use first, by increasing node. */
typedef struct ad_recorder_use {
    ad_recorder *recorder;
    uint32_t node;
} ad_recorder_use;

typedef struct ad_node_recorders {
    ad_recorder_use *list; /* [room] */
    uint32_t used, made, room;
    ad_recorder *second; /* for rules; or NULL */
} ad_node_recorders;

struct ad_tape {
    _Atomic(const char *) source_line; /* of the next call, or of the one that is running; NULL:
                                           unknown. Must be first, see ad_tape_at_line */
    uint32_t calls;                    /* doors that are open, see failure.h */
    const ad_allocator *allocator;
    unsigned checks;
    ad_guard guard;
    ad_arena values;
    ad_recycler buffers;
    ad_tape *inner;   /* for functions evaluated by rules (inner.c), or NULL */
    ad_tape *next;    /* of an inner tape: another one, for another thread; or NULL */
    bool apart;       /* of an inner tape: who began it tells the outer tape of failures */
    bool inner_begun; /* between ad_inner_begin and ad_inner_end */
    ad_tape *outer;   /* the tape whose inner tape this is, or NULL */
    ad_node **nodes;
    uint32_t count, capacity;
    uint32_t epoch;
    uint32_t held;         /* 1 and the nodes that must stay, see ad_tape_hold; 0: not held */
    uint32_t depth;        /* of the function that is being evaluated, see evaluation.h */
    uint32_t last_watched; /* the last watched leaf or retained value; AD_NO_NODE: none */
    bool severed;          /* some node is retained */
    bool sized;            /* the options that it was made with had a size */
    bool widens;           /* f32 leaves become f64 */
    const char *busy;      /* the op whose kernel runs, or NULL */
    uint32_t sweep_root;   /* of the running or suspended sweep; AD_NO_NODE: none */
    uint32_t sweep_next;   /* that sweep has yet to visit the nodes before this one */
    uint32_t cotangents;   /* cotangents of each value, in this sweep or the last one */
    ad_poll *poll;
    void *poll_user;
    ad_error error;
    ad_workspace work;
    struct ad_profile *profile; /* borrowed, or NULL */
    bool looked_on;             /* by a tracer or a poll */
    ad_tracer *tracer;
    void *tracer_user;
    ad_node_recorders recorders;
    ad_tangents *tangents; /* [tangents_capacity], used below tangents_count */
    uint32_t tangents_count, tangents_capacity;
    uint32_t directions; /* tangents of each value */
    uint32_t pushed;     /* the node up to which tangents were carried, or AD_NO_NODE */
};

/* The axis before those of so many elements, of numbers that lie row by row. A stride of one element leads
 * nowhere. */
static inline ad_axis ad_row_axis(int64_t dim, int64_t *step)
{
    ad_axis axis = {dim, dim == 1 ? 0 : *step};
    *step *= dim;
    return axis;
}

/* ---- nodes -------------------------------------------------------------------------- */

static inline uint32_t *ad_node_operands(const ad_node *n)
{
    return (uint32_t *)(uintptr_t)(n->axes + n->rank);
}

static inline void *ad_node_attr(const ad_node *n)
{
    return (char *)ad_node_operands(n) + ((n->arity + 1u) & ~1u) * sizeof(uint32_t);
}

/* NULL: it has none. */
static inline ad_node_extra *ad_node_extra_of(const ad_node *n)
{
    return n->flags & AD_NODE_EXTRA ? (ad_node_extra *)(uintptr_t)n - 1 : NULL;
}

/* Where its bytes begin in the arena. */
static inline const void *ad_node_begin(const ad_node *n)
{
    const ad_node_extra *extra = ad_node_extra_of(n);
    return extra ? (const void *)extra : n;
}

static inline void *ad_node_saved(const ad_node *n)
{
    const ad_node_extra *extra = ad_node_extra_of(n);
    return extra ? extra->saved : NULL;
}

static inline uint32_t ad_node_result(const ad_node *n)
{
    const ad_node_extra *extra = ad_node_extra_of(n);
    return extra ? extra->result : 0;
}

static inline uint32_t ad_node_results(const ad_node *n)
{
    const ad_node_extra *extra = ad_node_extra_of(n);
    return extra ? extra->results : 1;
}

/* An op of several results has one node for each, one after another. The first has the operands,
 * the attr and the saved bytes, and stands for all of them when rules are called. */
static inline uint32_t ad_first_result(const ad_tape *t, uint32_t index)
{
    return index - ad_node_result(t->nodes[index]);
}

static inline uint32_t ad_last_result(const ad_tape *t, uint32_t index)
{
    return ad_first_result(t, index) + ad_node_results(t->nodes[index]) - 1;
}

/* Bytes of a node without its attr and its numbers; and the most bytes of numbers that lie in the node itself. */
enum { AD_NODE_INLINE = 64 };

static inline size_t ad_node_head(unsigned rank, unsigned arity)
{
    return sizeof(ad_node) + rank * sizeof(ad_axis) + ((arity + 1u) & ~1u) * sizeof(uint32_t);
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

/* Bytes of `count` blocks of n's numbers; SIZE_MAX on overflow, which no allocation
 * can satisfy. */
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

/* The i-th of `count` blocks of n's numbers; empty if there is no such block. */
ad_view ad_node_block(const ad_node *n, const void *blocks, uint32_t count, int i);
const char *ad_node_name(const ad_node *n);

/* A handle's word: the index of its node below, its epoch above. */
static inline uint32_t ad_tensor_index(ad_tensor x)
{
    return (uint32_t)x.bits;
}

static inline ad_tensor ad_tensor_to(ad_tape *t, uint32_t index, uint32_t epoch)
{
    return (ad_tensor){t, (uint64_t)epoch << 32 | index};
}

/* The node of a live handle; NULL for any other. */
static inline ad_node *ad_tape_node(ad_tensor x)
{
    if (!x.tape || ad_tensor_index(x) >= x.tape->count)
        return NULL;
    ad_node *n = x.tape->nodes[ad_tensor_index(x)];
    return n->epoch == x.bits >> 32 ? n : NULL;
}

/* The tape of the first tensor that has one; NULL if none has, or without tensors. */
static inline ad_tape *ad_tape_of(const ad_tensor *x, int n)
{
    for (int i = 0; x && i < n; i++)
        if (x[i].tape)
            return x[i].tape;
    return NULL;
}

ad_tensor ad_tape_handle(ad_tape *t, uint32_t index);
ad_tensor ad_tape_dead(ad_tape *t);

/* Makes a node for an op with operands (or a leaf: op NULL), with room for its attr. Its numbers
 * are its own and uninitialised, unless `borrowed` points to them. NULL with an error on the tape
 * if memory ran out. The node counts only after it is kept; until then, going back to the earlier
 * mark undoes it. */
typedef struct ad_node_plan {
    const ad_op *op;
    int arity;
    ad_type type;
    const ad_shape *shape;
    const int64_t *stride; /* NULL: row by row */
    const void *borrowed;
    size_t count;
    const ad_node_extra *extra; /* NULL: it has none */
} ad_node_plan;

ad_node *ad_tape_plan(ad_tape *t, const ad_node_plan *plan);
ad_tensor ad_tape_keep(ad_tape *t, ad_node *n);

/* The contiguous copy of a strided value, on the tape like any other. */
extern const ad_op ad_contiguous_op;

#endif
