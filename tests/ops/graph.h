/* Random graphs of operations, as values: what fails can be taken apart and printed. */
#ifndef ADZE_TESTS_GRAPH_H
#define ADZE_TESTS_GRAPH_H

#include <adze.h>

enum { MOST_NODES = 20, MOST_ARGS = 2, MOST_NUMBERS = 200 };

/* Which operands an operation takes: by shape, then by value, so that derivatives exist and are of
 * moderate size. */
typedef enum fitting {
    FIT_ANY,
    FIT_AXIS,      /* rank at least 1 */
    FIT_FULL_AXIS, /* and no axis is empty */
    FIT_ONE,       /* some axis of extent 1 */
    FIT_MATRIX,    /* rank at least 2 */
    FIT_ROWS,      /* rank 2, with columns */
    FIT_LOW,       /* rank at most 3: an axis is to come */
    FIT_BROADCAST, /* with each other */
    FIT_EQUAL,
    FIT_VECTORS, /* equal, of rank 1 */
    FIT_PRODUCT, /* as matmul's */
    FIT_DENSE    /* the same, of rank 2 */
} fitting;

typedef enum domain {
    EVERYWHERE,
    OFF_ZERO, /* operand 0: a kink or a pole */
    SECOND_OFF_ZERO,
    POSITIVE, /* operand 0 */
    APART,    /* from each other, when broadcast */
    DISTINCT, /* all numbers of operand 0 */
    RESULT_OFF_ZERO
} domain;

typedef struct graph_op {
    const char *name; /* of the op that it covers */
    int arity;
    fitting fits;
    domain domain;
    /* choice: random bits for axes, indices and the like. NULL: as row says. */
    ad_tensor (*build)(ad_tape *t, const ad_tensor *x, uint64_t choice);
    const struct op_row *row;
    uint64_t seed; /* of its own stream of random numbers */
} graph_op;

/* All ops with a derivative, each at least once (rows.h). */
const graph_op *graph_ops(int *count);
ad_tensor graph_build(const graph_op *op, ad_tape *t, const ad_tensor *x, uint64_t choice);

typedef struct graph_node {
    int id;             /* what its weights and tangents depend on */
    const graph_op *op; /* NULL: a leaf */
    int operand[MOST_ARGS];
    uint64_t choice;
    ad_shape shape;
    bool by_columns;              /* how a leaf's numbers lie */
    double numbers[MOST_NUMBERS]; /* of a leaf, in the order of memory */
} graph_node;

typedef struct graph {
    uint64_t seed;
    int count;
    graph_node node[MOST_NODES];
} graph;

/* A random graph. planted, unless NULL, is an op that is chosen often, and beside it only a few plain ones
 * are: what comes of it is the same whatever ops there are. */
void graph_make(graph *g, uint64_t seed, const graph_op *planted);

/* A graph on a tape, in f64 or f32: leaves are at numbers + h tangents. root is the sum of all values that
 * nothing uses, weighted. */
typedef struct graph_run {
    ad_tensor node[MOST_NODES], root;
} graph_run;

typedef struct graph_way {
    ad_type type;
    bool watch;
    double h;
} graph_way;

graph_run graph_evaluate(const graph *g, ad_tape *t, graph_way way);

/* A leaf's tangent: fixed numbers of size 0.5 to 1.5 in the order of rows, as are weights. */
double graph_weight(const graph *g, int node, size_t i, bool tangent);

/* A node as a leaf with the numbers that it has. */
void graph_cut(graph *g, int node);
/* Without a node that nothing uses. */
void graph_drop(graph *g, int node);
bool graph_uses(const graph *g, int node);

/* One line a node. Returns text. */
char *graph_print(const graph *g, char *text, size_t size);

/* Whether its derivatives agree; if not, *why (256 bytes) says which do not. */
bool graph_check(const graph *g, char *why);

/* Takes away what is not needed for the check to fail. */
void graph_shrink(graph *g);

#endif
