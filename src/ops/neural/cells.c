/* Recurrent nets over time as one operation (kernels/cells.h). Gates and states of all steps are kept for the way
 * back; the other rules compute them again, with tangents. */
#include "kernels/cells.h"

#include "adze/op.h"
#include "adze/ops.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "tape/failure.h"

#include <string.h>

enum { X, H, W, U, B, LENGTHS, C, MOST }; /* operands; C is the LSTM's */
enum { Y, LAST_H, LAST_C };               /* results */

typedef struct cells_attr {
    ad_cell_kind kind;
    bool reverse;
} cells_attr;

static bool has_c(const void *attr)
{
    return ((const cells_attr *)attr)->kind == AD_CELL_LSTM;
}

/* ---- types and shapes -------------------------------------------------------------------------- */

static const char *cells_type(const ad_type *x, const void *attr, ad_type *y)
{
    y[Y] = y[LAST_H] = x[X];
    if (has_c(attr))
        y[LAST_C] = x[X];
    if (x[X] != AD_F32 && x[X] != AD_F64)
        return "operands must be f32 or f64 (ad_cast converts)";
    for (int i = H; i <= B; i++)
        if (x[i] != x[X])
            return "operands must have one type (ad_cast converts)";
    if (has_c(attr) && x[C] != x[X])
        return "operands must have one type (ad_cast converts)";
    return x[LENGTHS] == AD_I64 ? NULL : "the lengths must be i64";
}

/* Whether a shape is this one; of the leading axis there may be none. */
static bool is_matrix(const ad_shape *s, int64_t rows, int64_t columns)
{
    return s->rank == 2 && s->dim[0] == rows && s->dim[1] == columns;
}

static const char *cells_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    if (x[X].rank < 2 || x[X].rank > 3 || x[H].rank != 2)
        return "needs x [time, batch, features] or [batch, features], and a state [batch, size]";
    int64_t rows = x[X].dim[x[X].rank - 2], features = x[X].dim[x[X].rank - 1];
    int64_t size = x[H].dim[1], wide = ad_cell_gates(((const cells_attr *)attr)->kind) * size;
    bool two = ((const cells_attr *)attr)->kind == AD_CELL_GRU;
    if (x[H].dim[0] != rows || (has_c(attr) && !ad_shape_equal(&x[C], &x[H])))
        return "the state must be [batch, size]";
    if (!is_matrix(&x[W], features, wide) || !is_matrix(&x[U], size, wide))
        return "w must be [features, gates size], u [size, gates size]";
    if (two ? !is_matrix(&x[B], 2, wide) : x[B].rank != 1 || x[B].dim[0] != wide)
        return two ? "b must be [2, gates size]" : "b must be [gates size]";
    if (x[LENGTHS].rank != 1 || x[LENGTHS].dim[0] != rows)
        return "the lengths must be [batch]";
    y[Y] = x[X];
    y[Y].dim[x[X].rank - 1] = size;
    y[LAST_H] = x[H];
    if (has_c(attr))
        y[LAST_C] = x[H];
    return NULL;
}

static int64_t time_of(const ad_shape *x)
{
    return x->rank == 3 ? x->dim[0] : 1;
}

static void check_lengths(const ad_forward_args *c)
{
    const int64_t *lengths = c->x[LENGTHS].data;
    int64_t time = time_of(&c->x[X].shape);
    for (size_t i = 0; i < ad_view_count(&c->x[LENGTHS]); i++)
        if (lengths[i] < 0 || lengths[i] > time) {
            ad_reject(c->work, AD_DOMAIN, "length %lld of row %zu is not within [0, %lld]",
                      (long long)lengths[i], i, (long long)time);
            return;
        }
}

/* ---- rules ---------------------------------------------------------------------------------------- */

static size_t cells_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    return ad_cells_saved(type[X], ((const cells_attr *)attr)->kind, time_of(&x[X]), x[H].dim[0],
                          x[H].dim[1]);
}

/* tx may be NULL: there are no tangents. */
static ad_cells cells_of(const ad_view *x, const ad_view *tx, const void *attr)
{
    const cells_attr *a = attr;
    const ad_shape *s = &x[X].shape;
#define DUAL(i) {x[i].data, tx ? tx[i].data : NULL}
    ad_cells cells = {.type = x[X].type,
                      .kind = a->kind,
                      .time = time_of(s),
                      .rows = x[H].shape.dim[0],
                      .features = s->dim[s->rank - 1],
                      .size = x[H].shape.dim[1],
                      .reverse = a->reverse,
                      .lengths = x[LENGTHS].data,
                      .x = DUAL(X),
                      .h = DUAL(H),
                      .w = DUAL(W),
                      .u = DUAL(U),
                      .b = DUAL(B)};
    if (has_c(attr))
        cells.c = (ad_dual)DUAL(C);
#undef DUAL
    return cells;
}

static void *result(const ad_array *ys, int i, const void *attr)
{
    return i < LAST_C || has_c(attr) ? ys[i].data : NULL;
}

static void cells_forward(const ad_forward_args *c)
{
    ad_cells s = cells_of(c->x, NULL, c->attr);
    ad_cells_forward(c->work, &s, (ad_dual_out){c->saved, NULL}, (ad_dual_out){c->ys[Y].data, NULL},
                     (ad_dual_out){c->ys[LAST_H].data, NULL},
                     (ad_dual_out){result(c->ys, LAST_C, c->attr), NULL});
}

static void *wanted(const ad_array *dx, const bool *flags, int i)
{
    return flags[i] ? dx[i].data : NULL;
}

static ad_cells_back back_of(const ad_view *dys, const ad_array *dx, const bool *flags,
                             const void *attr)
{
    return (ad_cells_back){.dy = dys[Y].data,
                           .dh = dys[LAST_H].data,
                           .dc = has_c(attr) ? dys[LAST_C].data : NULL,
                           .dx = wanted(dx, flags, X),
                           .dh_before = wanted(dx, flags, H),
                           .dc_before = has_c(attr) ? wanted(dx, flags, C) : NULL,
                           .dw = wanted(dx, flags, W),
                           .du = wanted(dx, flags, U),
                           .db = wanted(dx, flags, B)};
}

static void cells_pullback(const ad_pullback_args *c)
{
    ad_cells s = cells_of(c->x, NULL, c->attr);
    ad_cells_back b = back_of(c->dys, c->dx, c->wanted, c->attr);
    ad_cells_pull(c->work, &s, (ad_dual){c->saved, NULL}, &b);
}

/* Goes through all steps again, with tangents. False if memory ran out. */
static bool push(ad_workspace *work, const ad_cells *s, ad_dual_out *saved, ad_dual_out y,
                 ad_dual_out h, ad_dual_out c)
{
    size_t bytes = ad_cells_saved(s->type, s->kind, s->time, s->rows, s->size) + 1;
    *saved = (ad_dual_out){ad_scratch(work, bytes), ad_scratch(work, bytes)};
    if (!saved->v || !saved->t)
        return false;
    ad_cells_forward(work, s, *saved, y, h, c);
    return true;
}

static void cells_jvp(const ad_jvp_args *c)
{
    ad_cells s = cells_of(c->x, c->tx, c->attr);
    ad_dual_out saved;
    push(c->work, &s, &saved, (ad_dual_out){NULL, c->tys[Y].data},
         (ad_dual_out){NULL, c->tys[LAST_H].data},
         (ad_dual_out){NULL, result(c->tys, LAST_C, c->attr)});
}

static void cells_curvature(const ad_curvature_args *c)
{
    ad_cells s = cells_of(c->x, c->tx, c->attr);
    ad_cells_back b = back_of(c->dys, c->tdx, c->wanted, c->attr);
    ad_dual_out saved, none = {NULL, NULL};
    if (push(c->work, &s, &saved, none, none, none))
        ad_cells_pull(c->work, &s, (ad_dual){saved.v, saved.t}, &b);
}

/* ---- the ops ---------------------------------------------------------------------------------------- */

#define CELLS_OP(op, operands, results_count, words) \
    static const ad_op op##_op = {                   \
        .size = sizeof(ad_op),                       \
        .name = #op,                                 \
        .arity = operands,                           \
        .results = results_count,                    \
        .attr_size = sizeof(cells_attr),             \
        .type = cells_type,                          \
        .shape = cells_shape,                        \
        .check = check_lengths,                      \
        .saved = cells_saved,                        \
        .forward = cells_forward,                    \
        .pullback = cells_pullback,                  \
        .jvp = cells_jvp,                            \
        .curvature = cells_curvature,                \
        .derivative = words,                         \
    };
#define BACK \
    "back through time; dw = the sum of x^T dgates, du = that of h^T dgates, db = that of dgates"
CELLS_OP(rnn, C, LAST_C, BACK)
CELLS_OP(gru, C, LAST_C, BACK)
CELLS_OP(reset_gru, C, LAST_C, BACK)
CELLS_OP(lstm, MOST, LAST_C + 1, BACK)

/* The lengths, or all of the time for each row; a dead tensor if memory ran out. */
static ad_tensor lengths_of(ad_tensor x, ad_tensor lengths)
{
    ad_shape s = ad_shape_of(x);
    if (lengths.tape || !x.tape)
        return lengths.tape ? lengths : ad_dead(x);
    int64_t rows = s.dim[s.rank - 2];
    int64_t *all = ad_tape_memory(x.tape, (size_t)(rows + 1) * sizeof *all);
    for (int64_t i = 0; all && i < rows; i++)
        all[i] = time_of(&s);
    return all ? ad_freeze(x.tape, ad_view_of(AD_I64, all, AD_SHAPE(rows))) : ad_dead(x);
}

/* Whether the operands but the lengths fit, so that nothing is recorded in vain. What has no shape, the tape
 * reports. */
static bool shapes_fit(const ad_op *op, const cells_attr *attr, const ad_tensor x[MOST])
{
    ad_shape s[MOST], y[LAST_C + 1];
    for (int i = 0; i < op->arity; i++) {
        s[i] = i == LENGTHS ? AD_SHAPE(0) : x[i].tape ? ad_shape_of(x[i]) : AD_SCALAR;
        if (s[i].rank < 0)
            return false;
    }
    if (s[X].rank >= 2)
        s[LENGTHS].dim[0] = s[X].dim[s[X].rank - 2];
    const char *why = cells_shape(s, attr, y);
    if (why)
        ad_refuse(AD_BAD_SHAPE, op->name, LENGTHS, x, "%s", why);
    return !why;
}

/* Sets y to the op's results. */
static void run_cells(const ad_op *op, cells_attr attr, const ad_tensor operands[MOST],
                      ad_tensor lengths, ad_tensor *y)
{
    ad_tensor x[MOST];
    for (int i = 0; i < op->results; i++)
        y[i] = ad_dead(operands[X]);
    AD_DOOR(operands[X].tape, op->name, );
    memcpy(x, operands, sizeof x);
    x[LENGTHS] = lengths.tape || shapes_fit(op, &attr, x) ? lengths_of(x[X], lengths) : x[X];
    ad_apply_results(op, op->arity, x, &attr, op->results, y);
}

ad_rnn_results ad_rnn(ad_tensor x, ad_tensor h, ad_tensor w, ad_tensor u, ad_tensor b,
                      ad_sequence_options options)
{
    ad_tensor y[LAST_C];
    run_cells(&rnn_op, (cells_attr){AD_CELL_RNN, options.reverse}, (ad_tensor[MOST]){x, h, w, u, b},
              options.lengths, y);
    return (ad_rnn_results){y[Y], y[LAST_H]};
}

ad_rnn_results ad_gru(ad_tensor x, ad_tensor h, ad_tensor w, ad_tensor u, ad_tensor b,
                      ad_sequence_options options)
{
    ad_tensor y[LAST_C];
    run_cells(&gru_op, (cells_attr){AD_CELL_GRU, options.reverse}, (ad_tensor[MOST]){x, h, w, u, b},
              options.lengths, y);
    return (ad_rnn_results){y[Y], y[LAST_H]};
}

ad_rnn_results ad_reset_gru(ad_tensor x, ad_tensor h, ad_tensor w, ad_tensor u, ad_tensor b,
                            ad_sequence_options options)
{
    ad_tensor y[LAST_C];
    run_cells(&reset_gru_op, (cells_attr){AD_CELL_RESET_GRU, options.reverse},
              (ad_tensor[MOST]){x, h, w, u, b}, options.lengths, y);
    return (ad_rnn_results){y[Y], y[LAST_H]};
}

ad_lstm_results ad_lstm(ad_tensor x, ad_tensor h, ad_tensor c, ad_tensor w, ad_tensor u,
                        ad_tensor b, ad_sequence_options options)
{
    ad_tensor y[LAST_C + 1];
    run_cells(&lstm_op, (cells_attr){AD_CELL_LSTM, options.reverse},
              (ad_tensor[MOST]){[X] = x, [H] = h, [W] = w, [U] = u, [B] = b, [C] = c},
              options.lengths, y);
    return (ad_lstm_results){y[Y], y[LAST_H], y[LAST_C]};
}

const ad_op *const ad_cell_ops[] = {&rnn_op, &gru_op, &reset_gru_op, &lstm_op, NULL};
