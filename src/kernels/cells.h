/* Recurrent cells over time: for each step h = cell(x w + b, h u + b2, h), with a product for all inputs at once, and
 * one for each step's state. */
#ifndef ADZE_KERNELS_CELLS_H
#define ADZE_KERNELS_CELLS_H

#include "adze/array.h"
#include "base/workspace.h"
#include "kernels/cell_kernel.h"

/* Numbers, and their tangents or NULL. */
typedef struct ad_dual {
    const void *v, *t;
} ad_dual;

typedef struct ad_dual_out {
    void *v, *t;
} ad_dual_out;

/* A sequence. h and c are the state before it. */
typedef struct ad_cells {
    ad_type type;
    ad_cell_kind kind;
    int64_t time, rows, features, size;
    bool reverse;           /* from the end of each row to its beginning */
    const int64_t *lengths; /* of each row */
    ad_dual x;              /* [time, rows, features] */
    ad_dual h, c;           /* [rows, size] */
    ad_dual w, u;           /* [features, gates size], [size, gates size] */
    ad_dual b;              /* [gates size]; of the GRU two of them, the second for h u */
} ad_cells;

static inline int64_t ad_cell_gates(ad_cell_kind kind)
{
    return kind == AD_CELL_LSTM ? 4 : kind == AD_CELL_RNN ? 1 : 3;
}

/* What forward writes, and back reads: gates and states of all steps. */
size_t ad_cells_saved(ad_type type, ad_cell_kind kind, int64_t time, int64_t rows, int64_t size);

/* y [time, rows, size], 0 after the end of a row; and the state after it. Tangents of results are written where
 * `saved` has room for them; they are all wanted then. */
void ad_cells_forward(ad_workspace *work, const ad_cells *s, ad_dual_out saved, ad_dual_out y,
                      ad_dual_out h, ad_dual_out c);

/* What flows back. Cotangents without numbers are 0; nothing is added to gradients without place. With tangents, only
 * those of gradients are added up, those of cotangents being 0. */
typedef struct ad_cells_back {
    const void *dy, *dh, *dc;
    void *dx, *dh_before, *dc_before, *dw, *du, *db;
} ad_cells_back;

void ad_cells_pull(ad_workspace *work, const ad_cells *s, ad_dual saved, const ad_cells_back *b);

#endif
