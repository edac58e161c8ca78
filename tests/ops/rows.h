/* The rows of tests for operations: all that the tests must know of an op, in one place.
 *
 * An op of a family in src/ops has its rows in the file of that name here. An elementwise op is one row:
 *
 *     UNARY(ad_logit, .range = {0.3, 0.7}, .complex = clog(x / (1 - x)))
 *
 * says between which numbers to try it and what it is on complex numbers. Others begin with a row of their
 * own and go on with rows for what cannot be guessed:
 *
 *     OP(ad_roll, .needs_axes = true)
 *     CASE(roll_back, ad_roll(x[0], -1, -7), ON(S(2, 3)), .linear = true)    derivatives are tried on this
 *     GRAPH(ad_roll(*x, axis_of(*x, choice), 2), .fits = FIT_AXIS)           so random graphs use it
 *     CALL(roll, ad_roll(o[A], 1, 4), .uses = BIT(A))                        a good call; then with
 *                                                                            operands that are not
 *     BAD(roll, ad_roll(o[A], 2, 1), AD_BAD_SHAPE)                           a call that cannot be right
 *     ORACLE(roll, ad_roll(x[0], 1, 3))                                      what cases of that name in
 *                                                                            oracle/generate compute
 *
 * BINARY, TERNARY, LOSS, REDUCTION and ALONG are ops of one row, too; with _CASES behind them they give a
 * function's cases only. An op without derivative has rows of values at x[0] = [1, 2, 3] and
 * x[1] = [2, 2, 2]:
 *
 *     VALUES(less, ad_less(x[0], x[1]), 1, 0, 0)
 *
 * A file of rows is read twice (read_rows.h): a row is at first the functions of its expressions, then an
 * element of the table. */
#ifndef ADZE_TESTS_ROWS_H
#define ADZE_TESTS_ROWS_H

#include "graph.h"
#include "probe_table.h"
#include "slots.h"

#undef complex /* is a name here, as C allows; the type is _Complex */

/* ---- what a row says --------------------------------------------------------------------- */

typedef struct row_fields {
    /* Of an op. */
    const char *covers; /* the op that the function is made of, where it has none of its own */
    bool not_analytic;  /* there is no complex form */
    bool needs_axes;    /* its operands are not of rank 0 */
    bool apart;         /* its operands differ in rank: none can be there twice */

    /* Of a case; the range and the complex form of an op in one row, too. */
    int n;
    ad_shape shape[MOST_OPERANDS];
    struct {
        double low, high;
    } range; /* of the operands' numbers; else -2 to 2 */
    /* How it is computed on complex numbers, if it is: one of these. */
    double _Complex complex; /* of each number x, or of each a, b and c; in a loss, of p and t */
    bool each;               /* a case has `complex` */
    bool linear;             /* the operation itself, on real and imaginary parts apart */
    complex_list *list;      /* lists along the axes whose bits are set */
    unsigned axes;
    bool same; /* lists give lists */
    complex_whole *whole;
    bool mean; /* a loss that is the mean of its terms, not their sum */

    /* In random graphs. An op in one row with a range takes numbers brought into it. */
    struct {
        double low, high;
    } in_graphs; /* another such range */
    int arity;   /* 1, unless said */
    fitting fits;
    domain domain; /* the op is used as it is on numbers that suit */

    /* Of a good call. */
    const char *says;        /* what its messages begin with, unless it is the function's name */
    unsigned uses, any_type; /* slots (A, unless said); those of them that take any type */
    int none;                /* for rows without fields */
} row_fields;

typedef enum row_kind {
    ROW_OP,
    ROW_UNARY,
    ROW_BINARY,
    ROW_TERNARY,
    ROW_LOSS,
    ROW_REDUCTION,
    ROW_ALONG,
    ROW_CASE,
    ROW_VALUES,
    ROW_ORACLE,
    ROW_GRAPH,
    ROW_CALL,
    ROW_BAD,
    ROW_END
} row_kind;

typedef struct op_row {
    row_kind kind;
    bool cases_only;
    const char *name; /* without ad_ */
    row_fields (*fields)(double _Complex a, double _Complex b, double _Complex c);
    ad_tensor (*unary)(ad_tensor x);
    ad_tensor (*binary)(ad_tensor a, ad_tensor b);
    ad_tensor (*ternary)(ad_tensor a, ad_tensor b, ad_tensor c);
    ad_tensor (*over)(ad_tensor x, ad_axes axes);
    ad_tensor (*along)(ad_tensor x, int axis);
    ad_function *result;
    ad_tensor (*build)(ad_tape *t, const ad_tensor *x, uint64_t choice);
    ad_tensor (*call)(const ad_tensor *o);
    ad_status status;
    double y[3];
} op_row;

/* ---- words for fields -------------------------------------------------------------------- */

#define S(...)                                              \
    {                                                       \
        sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
        {                                                   \
            __VA_ARGS__                                     \
        }                                                   \
    }
#define NUMBER \
    {          \
        0,     \
        {      \
            0  \
        }      \
    }
#define ON(...) .n = sizeof((ad_shape[]){__VA_ARGS__}) / sizeof(ad_shape), .shape = {__VA_ARGS__}

#define EACH(form)           .each = true, .complex = form
#define OVER(form, bits)     .list = form, .axes = bits
#define BY_LISTS(form, axis) .list = form, .axes = 1 << (axis), .same = true

/* Integers and masks are not operands of a row: they stay as they are. */
#define FROZEN(numbers, ...) ad_freeze(t, AD_VIEW(numbers, __VA_ARGS__))

/* ---- what tests make of them --------------------------------------------------------------- */

typedef void row_visitor(void *user, const op_row *r, const char *op);

/* Ends the program with a message unless all is well: there is no test yet that could fail. */
void expect_rows(bool well, const char *what, const char *of);

/* Every row of a family, or of all families for NULL, with the built-in op that it is about. */
void visit_rows(const char *family, row_visitor *visit, void *user);

/* What begins an op, rather than adding to it. */
bool begins_op(const op_row *r);

/* The fields of a row. */
row_fields fields_of(const op_row *r);

/* The cases and values of a family, or of all families for NULL; kept until the process ends. */
op_table table_of(const char *family);

/* What an op says of itself where its rows begin; and whether any begin there. */
bool find_op(const char *op, row_fields *fields);

/* A good call of a function, or a call that cannot be right, with operands that slots.h names. */
typedef struct row_call {
    const char *function; /* without ad_; NULL where there is nothing to count */
    const char *says;     /* what its messages begin with */
    const op_row *row;
    int way; /* the how many-th call that is made of the row */
    unsigned uses, any_type;
    ad_status status;
} row_call;

ad_tensor make_call(const row_call *c, const ad_tensor *o);

/* All of them; kept until the process ends. */
const row_call *good_calls(size_t *count);
const row_call *bad_calls(size_t *count);

/* ---- for expressions in rows ------------------------------------------------------------------ */

/* In random graphs: an axis of x, its extent, and n integers below a bound. */
int axis_of(ad_tensor x, uint64_t choice);
int64_t extent_of(ad_tensor x, int axis);
ad_tensor number_list(ad_tape *t, ad_type type, int64_t n, uint64_t choice, int64_t below);

/* x within (-1, 1), and within (0, 1). */
#define BETWEEN_1(x) ad_tanh(x)
#define BETWEEN_0(x) ad_sigmoid(x)

#endif
