/* Recurrent cells over time. States and what cells keep lie step by step, in the order in which steps are made;
 * inputs and results by time. Every number may have a tangent beside it: then products are those of dual numbers, and so
 * one way there and one way back make all four rules. */
#include "kernels/cells.h"

#include "kernels/gemm.h"
#include "kernels/map.h"

#include <string.h>

typedef struct run {
    ad_workspace *work;
    const ad_cells *s;
    const ad_cell_kernel *kernel;
    size_t number;       /* bytes */
    int64_t gates, kept; /* parts */
    int64_t wide, state; /* numbers of all gates of a row; of a state of all rows */
    int64_t
        between; /* those of the gates of a row that h u is for: without the reset GRU's third */
    bool dual, lacks; /* there are tangents; memory ran out */
} run;

static int64_t kept_of(ad_cell_kind kind)
{
    return kind == AD_CELL_LSTM ? 5 : kind == AD_CELL_RNN ? 1 : 4;
}

static run begin(ad_workspace *work, const ad_cells *s, bool dual)
{
#define KERNEL_F32(isa) &ad_cells_f32_##isa,
#define KERNEL_F64(isa) &ad_cells_f64_##isa,
    static const ad_cell_kernel *const f32[] = {AD_ISA_LIST(KERNEL_F32)};
    static const ad_cell_kernel *const f64[] = {AD_ISA_LIST(KERNEL_F64)};
    return (run){.work = work,
                 .s = s,
                 .kernel = (s->type == AD_F32 ? f32 : f64)[ad_work_isa(work)],
                 .number = ad_type_size(s->type),
                 .gates = ad_cell_gates(s->kind),
                 .kept = kept_of(s->kind),
                 .wide = ad_cell_gates(s->kind) * s->size,
                 .between = (s->kind == AD_CELL_RESET_GRU ? 2 : ad_cell_gates(s->kind)) * s->size,
                 .state = s->rows * s->size,
                 .dual = dual};
}

size_t ad_cells_saved(ad_type type, ad_cell_kind kind, int64_t time, int64_t rows, int64_t size)
{
    int64_t states = (time + 1) * (kind == AD_CELL_LSTM ? 2 : 1);
    return (size_t)((states + time * kept_of(kind)) * rows * size) * ad_type_size(type);
}

/* ---- numbers and their tangents ------------------------------------------------------------- */

static void *after(const run *r, const void *x, int64_t numbers)
{
    return x ? (char *)(uintptr_t)x + numbers * (int64_t)r->number : NULL;
}

static ad_dual_out moved(const run *r, ad_dual_out x, int64_t numbers)
{
    return (ad_dual_out){after(r, x.v, numbers), after(r, x.t, numbers)};
}

static ad_dual read_only(ad_dual_out x)
{
    return (ad_dual){x.v, x.t};
}

static ad_dual_out room_for(run *r, int64_t numbers)
{
    size_t bytes = ((size_t)numbers + 1) * r->number;
    ad_dual_out x = {ad_scratch(r->work, bytes), NULL};
    if (r->dual)
        x.t = ad_scratch(r->work, bytes);
    r->lacks = r->lacks || !x.v || (r->dual && !x.t);
    return x;
}

static void copy_or_clear(const run *r, int64_t numbers, const void *from, void *to)
{
    size_t bytes = (size_t)numbers * r->number;
    if (to && from && bytes)
        memcpy(to, from, bytes);
    else if (to && bytes)
        memset(to, 0, bytes);
}

static void copy(const run *r, int64_t numbers, ad_dual from, ad_dual_out to)
{
    copy_or_clear(r, numbers, from.v, to.v);
    copy_or_clear(r, numbers, from.t, to.t);
}

static void add(const run *r, int64_t numbers, const void *from, void *to)
{
    if (!from || !to)
        return;
    for (int64_t i = 0; i < numbers; i++)
        if (r->s->type == AD_F32)
            ((float *)to)[i] += ((const float *)from)[i];
        else
            ((double *)to)[i] += ((const double *)from)[i];
}

/* ---- products ------------------------------------------------------------------------------- */

typedef struct factor {
    ad_dual x;
    int64_t rows, columns; /* as they lie */
    bool turned;           /* it counts as transposed */
    int64_t step;          /* numbers between rows; 0: the columns */
} factor;

static ad_matrix matrix_of(const factor *f, const void *data)
{
    ad_matrix m = {data, f->rows, f->columns, f->step ? f->step : f->columns, 1};
    return f->turned ? ad_matrix_transposed(m) : m;
}

/* c += a b; for tangents of c, both a' b and a b'. */
static void multiply(const run *r, factor a, factor b, ad_dual_out c)
{
    if (c.v)
        ad_gemm(r->work, r->s->type, matrix_of(&a, a.x.v), matrix_of(&b, b.x.v), true, c.v, NULL);
    if (c.t && a.x.t)
        ad_gemm(r->work, r->s->type, matrix_of(&a, a.x.t), matrix_of(&b, b.x.v), true, c.t, NULL);
    if (c.t && b.x.t)
        ad_gemm(r->work, r->s->type, matrix_of(&a, a.x.v), matrix_of(&b, b.x.t), true, c.t, NULL);
}

static factor inputs(const run *r)
{
    return (factor){r->s->x, r->s->time * r->s->rows, r->s->features, false, 0};
}

static factor across(const run *r, bool turned)
{
    return (factor){r->s->u, r->s->size, r->between, turned, r->wide};
}

/* The reset GRU's third gate: its columns of u, or its part of rows with so many numbers. */
static factor third(const run *r, ad_dual x, int64_t rows, int64_t step, int64_t part, bool turned)
{
    int64_t n = r->s->size;
    return (factor){{after(r, x.v, part * n), after(r, x.t, part * n)}, rows, n, turned, step};
}

static factor third_of_u(const run *r, bool turned)
{
    return third(r, r->s->u, r->s->size, r->wide, 2, turned);
}

/* r h of all rows. */
static factor reset_state(const run *r, ad_dual_out kept, bool turned)
{
    return third(r, read_only(kept), r->s->rows, r->kept * r->s->size, 3, turned);
}

/* Each row becomes the numbers of the bias, or 0. */
static void put_rows(const run *r, int64_t rows, int64_t wide, ad_dual bias, ad_dual_out to)
{
    for (int64_t i = 0; i < rows; i++)
        copy(r, wide, bias, moved(r, to, i * wide));
}

/* The bias of h u. */
static ad_dual second_bias(const run *r)
{
    ad_dual none = {NULL, NULL};
    if (r->s->kind != AD_CELL_GRU)
        return none;
    return (ad_dual){after(r, r->s->b.v, r->wide), after(r, r->s->b.t, r->wide)};
}

/* ---- what is kept ------------------------------------------------------------------------------ */

/* States before step k, so that there is one more of them than of steps; and what a step's cells keep. */
static ad_dual_out h_at(const run *r, ad_dual_out saved, int64_t k)
{
    return moved(r, saved, k * r->state);
}

static ad_dual_out c_at(const run *r, ad_dual_out saved, int64_t k)
{
    ad_dual_out none = {NULL, NULL};
    return r->s->kind == AD_CELL_LSTM ? moved(r, saved, (r->s->time + 1 + k) * r->state) : none;
}

static ad_dual_out kept_at(const run *r, ad_dual_out saved, int64_t k)
{
    int64_t states = (r->s->time + 1) * (r->s->kind == AD_CELL_LSTM ? 2 : 1);
    return moved(r, saved, (states + k * r->kept) * r->state);
}

static int64_t time_of(const run *r, int64_t k)
{
    return r->s->reverse ? r->s->time - 1 - k : k;
}

/* ---- there --------------------------------------------------------------------------------------- */

/* The lists of one step. */
typedef struct step {
    int64_t time;
    ad_dual_out in, across, reset, h, c, kept, h_after, c_after, y; /* there */
    ad_dual_out dh, dc, din, dacross, dreset, dh_before, dc_before; /* back */
} step;

static ad_cell_row row_of(const run *r, const step *p, int64_t row, bool tangents)
{
    int64_t n = r->s->size, one = row * n, all = row * r->wide, some = row * r->between;
#define PLACE(list, offset) after(r, tangents ? p->list.t : p->list.v, offset)
    return (ad_cell_row){.in = PLACE(in, all),
                         .across = PLACE(across, some),
                         .reset = PLACE(reset, one),
                         .h = PLACE(h, one),
                         .c = PLACE(c, one),
                         .kept = PLACE(kept, one * r->kept),
                         .h_after = PLACE(h_after, one),
                         .c_after = PLACE(c_after, one),
                         .dh = PLACE(dh, one),
                         .dc = PLACE(dc, one),
                         .din = PLACE(din, all),
                         .dacross = PLACE(dacross, some),
                         .dreset = PLACE(dreset, one),
                         .dh_before = PLACE(dh_before, one),
                         .dc_before = PLACE(dc_before, one)};
#undef PLACE
}

static void run_row(const run *r, const step *p, int64_t row, bool back)
{
    ad_cell_row v = row_of(r, p, row, false), t = row_of(r, p, row, true);
    ad_cell_routine *const *routines = r->dual
                                           ? back ? r->kernel->dual_back : r->kernel->dual_forward
                                       : back ? r->kernel->back
                                              : r->kernel->forward;
    routines[r->s->kind](r->s->size, &v, &t);
}

/* What the reset GRU does before a step's cells, and after them back: its gates in all rows that take part. */
static void run_gates(const run *r, const step *p, bool back)
{
    for (int64_t row = 0; row < r->s->rows; row++) {
        ad_cell_row v = row_of(r, p, row, false), t = row_of(r, p, row, true);
        if (p->time < r->s->lengths[row])
            (back ? r->kernel->gates_back : r->kernel->gates)[r->dual](r->s->size, &v, &t);
        else if (!back)
            copy(r, r->kept * r->s->size, (ad_dual){NULL, NULL},
                 moved(r, p->kept, row * r->kept * r->s->size));
    }
}

/* h u, and for the reset GRU (r h) u. */
static void multiply_states(const run *r, const step *p)
{
    ad_dual none = {NULL, NULL};
    put_rows(r, r->s->rows, r->between, second_bias(r), p->across);
    multiply(r, (factor){read_only(p->h), r->s->rows, r->s->size, false, 0}, across(r, false),
             p->across);
    if (r->s->kind != AD_CELL_RESET_GRU)
        return;
    run_gates(r, p, false);
    copy(r, r->state, none, p->reset);
    multiply(r, reset_state(r, p->kept, false), third_of_u(r, false), p->reset);
}

/* A row whose sequence has ended keeps its state, and its result is 0. */
static void forward_step(const run *r, const step *p)
{
    int64_t n = r->s->size;
    ad_dual none = {NULL, NULL};
    for (int64_t row = 0; row < r->s->rows; row++) {
        bool alive = p->time < r->s->lengths[row];
        ad_dual_out h = moved(r, p->h_after, row * n);
        if (alive) {
            run_row(r, p, row, false);
        } else {
            copy(r, n, read_only(moved(r, p->h, row * n)), h);
            copy(r, n, read_only(moved(r, p->c, row * n)), moved(r, p->c_after, row * n));
        }
        copy(r, n, alive ? read_only(h) : none, moved(r, p->y, row * n));
    }
}

void ad_cells_forward(ad_workspace *work, const ad_cells *s, ad_dual_out saved, ad_dual_out y,
                      ad_dual_out h, ad_dual_out c)
{
    run r = begin(work, s, saved.t);
    ad_dual_out in = room_for(&r, s->time * s->rows * r.wide);
    ad_dual_out of_state = room_for(&r, s->rows * r.between), reset = room_for(&r, r.state);
    if (r.lacks)
        return;
    put_rows(&r, s->time * s->rows, r.wide, s->b, in);
    multiply(&r, inputs(&r), (factor){s->w, s->features, r.wide, false, 0}, in);
    copy(&r, r.state, s->h, h_at(&r, saved, 0));
    copy(&r, r.state, s->c, c_at(&r, saved, 0));
    for (int64_t k = 0; k < s->time; k++) {
        int64_t time = time_of(&r, k);
        step p = {.time = time,
                  .in = moved(&r, in, time * s->rows * r.wide),
                  .across = of_state,
                  .reset = reset,
                  .h = h_at(&r, saved, k),
                  .c = c_at(&r, saved, k),
                  .kept = kept_at(&r, saved, k),
                  .h_after = h_at(&r, saved, k + 1),
                  .c_after = c_at(&r, saved, k + 1),
                  .y = moved(&r, y, time * r.state)};
        multiply_states(&r, &p);
        forward_step(&r, &p);
    }
    copy(&r, r.state, read_only(h_at(&r, saved, s->time)), h);
    copy(&r, r.state, read_only(c_at(&r, saved, s->time)), c);
}

/* ---- back ------------------------------------------------------------------------------------------ */

/* Where gradients go: themselves, or their tangents. */
static ad_dual_out gradient(const run *r, void *dx)
{
    return r->dual ? (ad_dual_out){NULL, dx} : (ad_dual_out){dx, NULL};
}

static const void *part_of(const run *r, ad_dual_out x)
{
    return r->dual ? x.t : x.v;
}

static void back_step(const run *r, const step *p, const void *dy)
{
    int64_t n = r->s->size;
    ad_dual none = {NULL, NULL};
    for (int64_t row = 0; row < r->s->rows; row++) {
        if (p->time < r->s->lengths[row]) {
            add(r, n, after(r, dy, row * n), after(r, p->dh.v, row * n));
            run_row(r, p, row, true);
            continue;
        }
        copy(r, n, read_only(moved(r, p->dh, row * n)), moved(r, p->dh_before, row * n));
        copy(r, n, read_only(moved(r, p->dc, row * n)), moved(r, p->dc_before, row * n));
        copy(r, r->wide, none, moved(r, p->din, row * r->wide));
        copy(r, r->between, none, moved(r, p->dacross, row * r->between));
    }
}

/* db += the sum of rows. */
static void add_bias(const run *r, int64_t rows, ad_dual_out x, double *sums)
{
    const void *numbers = part_of(r, x);
    if (rows && r->wide)
        ad_sum_rows.of[r->s->type][ad_work_isa(r->work)]((size_t)rows, (size_t)r->wide, false,
                                                         numbers, sums);
}

typedef struct back_room {
    ad_dual_out din, dacross, dreset, dh[2], dc[2];
    void *du[2];  /* of the reset GRU: of two gates' columns, and of the third's */
    double *sums; /* of both biases */
} back_room;

static back_room room_for_back(run *r)
{
    back_room b = {.din = room_for(r, r->s->time * r->s->rows * r->wide),
                   .dacross = room_for(r, r->s->rows * r->between),
                   .dreset = room_for(r, r->state)};
    for (int i = 0; i < 2; i++) {
        b.dh[i] = room_for(r, r->state);
        b.dc[i] = room_for(r, r->state);
    }
    b.sums = ad_scratch(r->work, (size_t)(2 * r->wide + 1) * sizeof *b.sums);
    for (int i = 0; i < 2; i++) {
        size_t numbers = (size_t)((2 - i) * r->s->size * r->s->size + 1);
        b.du[i] = ad_scratch(r->work, numbers * r->number);
        r->lacks = r->lacks || !b.du[i];
        if (b.du[i])
            memset(b.du[i], 0, numbers * r->number);
    }
    r->lacks = r->lacks || !b.sums;
    return b;
}

/* From the reset GRU's third gate to r h, and to its columns of u; then its gates. */
static void back_through_reset(const run *r, const step *p, const back_room *room)
{
    int64_t rows = r->s->rows;
    factor din = third(r, read_only(p->din), rows, r->wide, 2, false);
    copy(r, r->state, (ad_dual){NULL, NULL}, p->dreset);
    multiply(r, din, third_of_u(r, true), p->dreset);
    multiply(r, reset_state(r, p->kept, true), din, gradient(r, room->du[1]));
    run_gates(r, p, true);
}

/* The reset GRU's gradient of u, from those of its parts. */
static void join_columns(const run *r, const back_room *room, void *du)
{
    int64_t n = r->s->size;
    for (int64_t row = 0; du && row < n; row++) {
        add(r, 2 * n, after(r, room->du[0], row * 2 * n), after(r, du, row * 3 * n));
        add(r, n, after(r, room->du[1], row * n), after(r, du, row * 3 * n + 2 * n));
    }
}

/* Steps from the last to the first; the state's cotangents end up in the first of both places. */
static void sweep(const run *r, ad_dual_out saved, back_room *room, const ad_cells_back *b)
{
    const ad_cells *s = r->s;
    for (int64_t k = s->time - 1; k >= 0; k--) {
        int64_t time = time_of(r, k);
        step p = {.time = time,
                  .h = h_at(r, saved, k),
                  .c = c_at(r, saved, k),
                  .kept = kept_at(r, saved, k),
                  .dh = room->dh[0],
                  .dc = room->dc[0],
                  .din = moved(r, room->din, time * s->rows * r->wide),
                  .dacross = room->dacross,
                  .dreset = room->dreset,
                  .dh_before = room->dh[1],
                  .dc_before = room->dc[1]};
        factor dacross = {read_only(p.dacross), s->rows, r->between, false, 0};
        bool resets = s->kind == AD_CELL_RESET_GRU;
        back_step(r, &p, after(r, b->dy, time * r->state));
        if (resets)
            back_through_reset(r, &p, room);
        if (b->du)
            multiply(r, (factor){read_only(p.h), s->rows, s->size, true, 0}, dacross,
                     gradient(r, resets ? room->du[0] : b->du));
        multiply(r, dacross, across(r, true), p.dh_before);
        if (s->kind == AD_CELL_GRU)
            add_bias(r, s->rows, p.dacross, room->sums + r->wide);
        room->dh[0] = p.dh_before;
        room->dh[1] = p.dh;
        room->dc[0] = p.dc_before;
        room->dc[1] = p.dc;
    }
}

void ad_cells_pull(ad_workspace *work, const ad_cells *s, ad_dual saved, const ad_cells_back *b)
{
    run r = begin(work, s, saved.t);
    back_room room = room_for_back(&r);
    ad_dual_out kept = {(void *)(uintptr_t)saved.v, (void *)(uintptr_t)saved.t};
    if (r.lacks)
        return;
    memset(room.sums, 0, (size_t)(2 * r.wide) * sizeof *room.sums);
    copy(&r, r.state, (ad_dual){b->dh, NULL}, room.dh[0]);
    copy(&r, r.state, (ad_dual){b->dc, NULL}, room.dc[0]);
    sweep(&r, kept, &room, b);
    factor din = {read_only(room.din), s->time * s->rows, r.wide, false, 0}, x = inputs(&r);
    x.turned = true;
    if (s->kind == AD_CELL_RESET_GRU)
        join_columns(&r, &room, b->du);
    if (b->dx)
        multiply(&r, din, (factor){s->w, s->features, r.wide, true, 0}, gradient(&r, b->dx));
    if (b->dw)
        multiply(&r, x, din, gradient(&r, b->dw));
    add_bias(&r, s->time * s->rows, room.din, room.sums);
    if (b->db)
        ad_store_sums((size_t)(s->kind == AD_CELL_GRU ? 2 * r.wide : r.wide), room.sums, s->type,
                      b->db, true);
    add(&r, r.state, part_of(&r, room.dh[0]), b->dh_before);
    add(&r, r.state, part_of(&r, room.dc[0]), b->dc_before);
}
