/* Attention in blocks. With s = scale q k^T, p = softmax(s), y = p v, tangents t..., and sums over the keys:
 *
 *     forward     powers against the greatest score so far; what was summed before shrinks when that grows
 *     pullback    dv = p^T dy;  ds = p (dy v^T - d), d = sum(dy y);  dq = scale ds k, dk = scale ds^T q
 *     jvp         ts = scale (tq k^T + q tk^T);  ty = (p ts) v + p tv - m y, m = sum(p ts)
 *     curvature   tp = p (ts - m);  td = sum(dy ty);  tds = tp (dy v^T - d) + p (dy tv^T - td);
 *                 dq' = scale (tds k + ds tk), dk' = scale (tds^T q + ds^T tq), dv' = tp^T dy
 *
 * Probabilities are computed again from the scores, with each query's greatest score and sum, which are kept. A head
 * is a task; all that it adds up it adds in one order. */
#include "kernels/attention.h"

#include "array/convert.h"
#include "kernels/attention_kernel.h"

#include <math.h>
#include <string.h>

enum { KEYS, TKEYS, VALUES, TVALUES, SIDES };              /* of a head, by columns */
enum { BY_KEYS, BY_TKEYS, BY_VALUES, BY_TVALUES };         /* the same, row by row */
enum { QUERIES, TQUERIES, SLOPES, OUT, TOUT, BLOCK_ROWS }; /* of a block of queries */
enum { SCORES, MOVED, PULLED, BENT, BLOCKS };              /* blocks of scores */
enum { DQ, DK, DV, SUMS };

/* What a thread works with. */
typedef struct room {
    void *panels[SIDES], *rows[SIDES]; /* of all keys */
    void *left[3];                     /* panels of queries, their tangents, slopes */
    void *some[BLOCK_ROWS];            /* rows of a block of queries */
    ad_score_block block[BLOCKS];
    void *sums[SUMS];
} room;

typedef struct job {
    const ad_attention_heads *a;
    const ad_attention_kernel *kernel;
    size_t number;             /* bytes */
    int64_t size, width, keys; /* padded to whole vectors, and blocks */
    const void *y, *dy, *tq, *tk, *tv;
    void *ty, *dx[SUMS];
    char *rooms;
    size_t room_bytes;
    void (*run)(const struct job *j, size_t head, room *r);
} job;

/* ---- room ----------------------------------------------------------------------------------- */

static int64_t up_to(int64_t n, int64_t step)
{
    return (n + step - 1) / step * step;
}

static const void *at(const job *j, const void *x, int64_t numbers)
{
    return x ? (const char *)x + (size_t)numbers * j->number : NULL;
}

static void *place(const job *j, void *x, int64_t numbers)
{
    return (void *)(uintptr_t)at(j, x, numbers);
}

/* The next so many numbers; counts only, if there is no memory yet. */
static void *part(const job *j, char *memory, size_t *used, int64_t numbers)
{
    void *p = memory ? memory + *used : NULL;
    *used += ((size_t)numbers * j->number + 63) / 64 * 64;
    return p;
}

static size_t lay_out(const job *j, char *memory, room *r)
{
    size_t used = 0;
    for (int i = 0; i < SIDES; i++) {
        int64_t step = i < VALUES ? j->size : j->width;
        r->panels[i] = part(j, memory, &used, j->keys * (i < VALUES ? j->a->size : j->a->width));
        r->rows[i] = part(j, memory, &used, j->keys * step);
    }
    for (int i = 0; i < 3; i++)
        r->left[i] = part(j, memory, &used, AD_QUERIES * (i < 2 ? j->size : j->width));
    for (int i = 0; i < BLOCK_ROWS; i++)
        r->some[i] = part(j, memory, &used, AD_QUERIES * (i < SLOPES ? j->size : j->width));
    for (int i = 0; i < BLOCKS; i++)
        r->block[i].numbers = part(j, memory, &used, AD_QUERIES * AD_KEYS);
    r->sums[DQ] = part(j, memory, &used, AD_QUERIES * j->size);
    r->sums[DK] = part(j, memory, &used, j->keys * j->size);
    r->sums[DV] = part(j, memory, &used, j->keys * j->width);
    return used;
}

/* Rows with zeros after their numbers. */
static void pad_rows(const job *j, int64_t rows, int64_t size, int64_t step, const void *x,
                     void *to)
{
    size_t bytes = (size_t)size * j->number, all = (size_t)step * j->number;
    for (int64_t r = 0; r < rows; r++) {
        memcpy((char *)to + (size_t)r * all, (const char *)x + (size_t)r * bytes, bytes);
        memset((char *)to + (size_t)r * all + bytes, 0, all - bytes);
    }
}

/* x (+)= rows without their padding. */
static void take_rows(const job *j, int64_t rows, int64_t size, int64_t step, const void *from,
                      void *x, bool add)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < size; i++) {
            if (j->a->type == AD_F32) {
                float *to = (float *)x + r * size + i, v = ((const float *)from)[r * step + i];
                *to = add ? *to + v : v;
            } else {
                double *to = (double *)x + r * size + i, v = ((const double *)from)[r * step + i];
                *to = add ? *to + v : v;
            }
        }
}

static void clear(const job *j, int64_t numbers, void *x)
{
    memset(x, 0, (size_t)numbers * j->number);
}

/* ---- what a head's keys are turned into ------------------------------------------------------- */

/* Rows of numbers of this head, or NULL. */
static const void *of_head(const job *j, const void *x, size_t head, int64_t rows, int64_t size)
{
    return at(j, x, (int64_t)head * rows * size);
}

static void prepare_columns(const job *j, size_t head, room *r, int side, const void *x)
{
    int64_t size = side < VALUES ? j->a->size : j->a->width;
    const void *own = of_head(j, x, head, j->a->keys, size);
    if (own)
        j->kernel->pack_keys(j->a->keys, size, own, r->panels[side]);
}

static void prepare_rows(const job *j, size_t head, room *r, int side, const void *x)
{
    int64_t size = side < VALUES ? j->a->size : j->a->width;
    int64_t step = side < VALUES ? j->size : j->width;
    const void *own = of_head(j, x, head, j->a->keys, size);
    if (own)
        pad_rows(j, j->a->keys, size, step, own, r->rows[side]);
}

/* ---- a block of queries ------------------------------------------------------------------------ */

typedef struct block {
    size_t head;
    int64_t first, count; /* queries */
    int64_t key, keys;    /* of the block of keys at hand */
    ad_score_rows rows;
} block;

#define EACH_BLOCK_OF_QUERIES(j, b, the_head)                                          \
    for (block b = {.head = (the_head)};                                               \
         b.first < (j)->a->queries &&                                                  \
         (b.count = (j)->a->queries - b.first < AD_QUERIES ? (j)->a->queries - b.first \
                                                           : AD_QUERIES) > 0;          \
         b.first += AD_QUERIES)

/* How many keys the last query of the block sees. */
static int64_t keys_seen(const job *j, const block *b)
{
    int64_t seen = b->first + b->count + j->a->keys - j->a->queries;
    return !j->a->causal || seen > j->a->keys ? j->a->keys : seen < 0 ? 0 : seen;
}

#define EACH_BLOCK_OF_KEYS(j, b)                                                  \
    for (int64_t seen = ((b)->key = 0, keys_seen(j, b));                          \
         (b)->key < seen &&                                                       \
         ((b)->keys = seen - (b)->key < AD_KEYS ? seen - (b)->key : AD_KEYS) > 0; \
         (b)->key += AD_KEYS)

static void hide_score(const job *j, const ad_score_block *s, int64_t row, int64_t column)
{
    ad_put_float(j->a->type, s->numbers, (size_t)(row * AD_KEYS + column), -(double)INFINITY);
}

/* The place of a head's, query's and key's mask. */
static int64_t mask_at(const ad_attention_heads *a, size_t head, int64_t query, int64_t key)
{
    const ad_view *m = &a->mask;
    int rank = m->shape.rank;
    int64_t place = query * m->stride[rank - 2] + key * m->stride[rank - 1];
    for (int i = rank - 3; i >= 0; i--) {
        place += (int64_t)(head % (size_t)m->shape.dim[i]) * m->stride[i];
        head /= (size_t)m->shape.dim[i];
    }
    return place;
}

/* Scores that do not count become -inf. */
static void hide(const job *j, const block *b, const ad_score_block *s)
{
    const bool *mask = j->a->mask.data;
    int64_t offset = j->a->keys - j->a->queries - b->key;
    for (int64_t r = 0; r < b->count; r++) {
        int64_t sees = j->a->causal ? b->first + r + 1 + offset : b->keys;
        sees = sees < 0 ? 0 : sees > b->keys ? b->keys : sees;
        for (int64_t i = sees; i < s->columns; i++)
            hide_score(j, s, r, i);
        if (!mask)
            continue;
        int64_t place = mask_at(j->a, b->head, b->first + r, b->key);
        int64_t step = j->a->mask.stride[j->a->mask.shape.rank - 1];
        for (int64_t i = 0; i < sees; i++)
            if (!mask[place + i * step])
                hide_score(j, s, r, i);
    }
}

/* Blocks of scores for the keys at hand. */
static void size_blocks(const job *j, const block *b, room *r)
{
    for (int i = 0; i < BLOCKS; i++) {
        r->block[i].rows = b->count;
        r->block[i].columns = up_to(b->keys, j->kernel->panel);
    }
}

static const void *panels_at(const job *j, const block *b, const room *r, int side)
{
    return at(j, r->panels[side], b->key * (side < VALUES ? j->a->size : j->a->width));
}

static void *rows_at(const job *j, const block *b, void *rows, int64_t step)
{
    return place(j, rows, b->key * step);
}

static void find_scores(const job *j, const block *b, room *r)
{
    size_blocks(j, b, r);
    j->kernel->scores(&r->block[SCORES], j->a->size, r->left[QUERIES], panels_at(j, b, r, KEYS),
                      false);
    hide(j, b, &r->block[SCORES]);
}

/* Scores' tangents. */
static void find_moved(const job *j, const block *b, room *r)
{
    if (!j->tq)
        clear(j, AD_QUERIES * AD_KEYS, r->block[MOVED].numbers);
    else
        j->kernel->scores(&r->block[MOVED], j->a->size, r->left[TQUERIES], panels_at(j, b, r, KEYS),
                          false);
    if (j->tk)
        j->kernel->scores(&r->block[MOVED], j->a->size, r->left[QUERIES], panels_at(j, b, r, TKEYS),
                          true);
}

static void pack_queries(const job *j, const block *b, room *r, int which, const void *x,
                         double scale)
{
    int64_t size = which == SLOPES ? j->a->width : j->a->size;
    const void *own = of_head(j, x, b->head, j->a->queries, size);
    if (own)
        j->kernel->pack_rows(b->count, size, at(j, own, b->first * size), scale, r->left[which]);
}

static void pad_queries(const job *j, const block *b, room *r, int which, const void *x)
{
    bool wide = which >= SLOPES;
    int64_t size = wide ? j->a->width : j->a->size, step = wide ? j->width : j->size;
    const void *own = of_head(j, x, b->head, j->a->queries, size);
    if (own)
        pad_rows(j, b->count, size, step, at(j, own, b->first * size), r->some[which]);
}

static double *kept_at(const job *j, const block *b)
{
    return (double *)j->a->saved + 2 * ((int64_t)b->head * j->a->queries + b->first);
}

static void recall(const job *j, block *b)
{
    const double *kept = kept_at(j, b);
    for (int64_t r = 0; r < b->count; r++) {
        b->rows.top[r] = kept[2 * r];
        b->rows.share[r] = kept[2 * r + 1];
    }
}

/* ---- forward ---------------------------------------------------------------------------------- */

static void finish_rows(const job *j, block *b, room *r)
{
    double *kept = kept_at(j, b);
    for (int64_t i = 0; i < b->count; i++) {
        bool none = b->rows.top[i] == -(double)INFINITY && b->rows.share[i] == 0;
        kept[2 * i] = none ? 0 : b->rows.top[i];
        kept[2 * i + 1] = b->rows.factor[i] = none ? 0 : 1 / b->rows.share[i];
    }
    j->kernel->shrink(b->count, j->width, b->rows.factor, r->some[OUT]);
}

static void forward_head(const job *j, size_t head, room *r)
{
    const ad_attention_heads *a = j->a;
    prepare_columns(j, head, r, KEYS, a->k);
    prepare_rows(j, head, r, VALUES, a->v);
    EACH_BLOCK_OF_QUERIES(j, b, head)
    {
        pack_queries(j, &b, r, QUERIES, a->q, a->scale);
        clear(j, AD_QUERIES * j->width, r->some[OUT]);
        for (int64_t i = 0; i < b.count; i++) {
            b.rows.top[i] = -(double)INFINITY;
            b.rows.share[i] = 0;
        }
        EACH_BLOCK_OF_KEYS(j, &b)
        {
            find_scores(j, &b, r);
            j->kernel->soften(&r->block[SCORES], &b.rows);
            j->kernel->shrink(b.count, j->width, b.rows.factor, r->some[OUT]);
            j->kernel->add_rows(&r->block[SCORES], b.keys,
                                rows_at(j, &b, r->rows[VALUES], j->width), j->width, r->some[OUT]);
        }
        finish_rows(j, &b, r);
        take_rows(j, b.count, a->width, j->width, r->some[OUT],
                  place(j, j->ty, ((int64_t)head * a->queries + b.first) * a->width), false);
    }
}

/* ---- back ---------------------------------------------------------------------------------------- */

static void clear_sums(const job *j, room *r)
{
    clear(j, j->keys * j->size, r->sums[DK]);
    clear(j, j->keys * j->width, r->sums[DV]);
}

/* What a head has added up, to its place. */
static void take_sums(const job *j, size_t head, const room *r)
{
    int64_t keys = j->a->keys;
    if (j->dx[DK])
        take_rows(j, keys, j->a->size, j->size, r->sums[DK],
                  place(j, j->dx[DK], (int64_t)head * keys * j->a->size), true);
    if (j->dx[DV])
        take_rows(j, keys, j->a->width, j->width, r->sums[DV],
                  place(j, j->dx[DV], (int64_t)head * keys * j->a->width), true);
}

static void take_queries(const job *j, const block *b, const room *r)
{
    int64_t size = j->a->size;
    if (j->dx[DQ])
        take_rows(j, b->count, size, j->size, r->sums[DQ],
                  place(j, j->dx[DQ], ((int64_t)b->head * j->a->queries + b->first) * size), true);
}

/* What the rules back need of a block of queries. */
static void begin_back(const job *j, block *b, room *r)
{
    pack_queries(j, b, r, QUERIES, j->a->q, j->a->scale);
    pack_queries(j, b, r, SLOPES, j->dy, 1);
    pad_queries(j, b, r, QUERIES, j->a->q);
    pad_queries(j, b, r, SLOPES, j->dy);
    pad_queries(j, b, r, OUT, j->y);
    clear(j, AD_QUERIES * j->size, r->sums[DQ]);
    recall(j, b);
    j->kernel->dot(b->count, j->width, r->some[SLOPES], r->some[OUT], b->rows.slope);
}

/* dx += block x for queries, block^T x for keys */
static void add_to_queries(const job *j, const block *b, room *r, int what, int side)
{
    if (j->dx[DQ])
        j->kernel->add_rows(&r->block[what], b->keys, rows_at(j, b, r->rows[side], j->size),
                            j->size, r->sums[DQ]);
}

static void add_to_keys(const job *j, const block *b, room *r, int what, int from)
{
    if (j->dx[DK])
        j->kernel->add_columns(&r->block[what], r->some[from], j->size,
                               rows_at(j, b, r->sums[DK], j->size));
}

static void add_to_values(const job *j, const block *b, room *r, int what)
{
    if (j->dx[DV])
        j->kernel->add_columns(&r->block[what], r->some[SLOPES], j->width,
                               rows_at(j, b, r->sums[DV], j->width));
}

/* The slopes of probabilities, dy v^T. */
static void find_pulled(const job *j, const block *b, room *r, int what, int side)
{
    j->kernel->scores(&r->block[what], j->a->width, r->left[SLOPES], panels_at(j, b, r, side),
                      false);
}

static void pull_head(const job *j, size_t head, room *r)
{
    const ad_attention_heads *a = j->a;
    prepare_columns(j, head, r, KEYS, a->k);
    prepare_columns(j, head, r, VALUES, a->v);
    prepare_rows(j, head, r, KEYS, a->k);
    clear_sums(j, r);
    EACH_BLOCK_OF_QUERIES(j, b, head)
    {
        begin_back(j, &b, r);
        EACH_BLOCK_OF_KEYS(j, &b)
        {
            find_scores(j, &b, r);
            j->kernel->weigh(&r->block[SCORES], &b.rows);
            add_to_values(j, &b, r, SCORES);
            if (!j->dx[DQ] && !j->dx[DK])
                continue;
            find_pulled(j, &b, r, PULLED, VALUES);
            j->kernel->slope(&r->block[SCORES], &r->block[PULLED], &b.rows, a->scale);
            add_to_queries(j, &b, r, PULLED, KEYS);
            add_to_keys(j, &b, r, PULLED, QUERIES);
        }
        take_queries(j, &b, r);
    }
    take_sums(j, head, r);
}

/* ---- tangents ------------------------------------------------------------------------------------- */

/* ty = (p ts) v + p tv - m y of a block of queries, and m. */
static void push_block(const job *j, block *b, room *r)
{
    const ad_type type = j->a->type;
    clear(j, AD_QUERIES * j->width, r->some[TOUT]);
    memset(b->rows.moved, 0, sizeof b->rows.moved);
    EACH_BLOCK_OF_KEYS(j, b)
    {
        find_scores(j, b, r);
        j->kernel->weigh(&r->block[SCORES], &b->rows);
        find_moved(j, b, r);
        j->kernel->move(&r->block[SCORES], &r->block[MOVED], &b->rows);
        j->kernel->add_rows(&r->block[MOVED], b->keys, rows_at(j, b, r->rows[VALUES], j->width),
                            j->width, r->some[TOUT]);
        if (j->tv)
            j->kernel->add_rows(&r->block[SCORES], b->keys,
                                rows_at(j, b, r->rows[TVALUES], j->width), j->width, r->some[TOUT]);
    }
    for (int64_t i = 0; i < b->count; i++)
        for (int64_t k = i * j->width; k < (i + 1) * j->width; k++) {
            double y = ad_float_at(type, r->some[OUT], (size_t)k);
            double ty = ad_float_at(type, r->some[TOUT], (size_t)k) - b->rows.moved[i] * y;
            ad_put_float(type, r->some[TOUT], (size_t)k, ty);
        }
}

static void prepare_tangents(const job *j, size_t head, room *r)
{
    prepare_columns(j, head, r, KEYS, j->a->k);
    prepare_columns(j, head, r, TKEYS, j->tk);
    prepare_rows(j, head, r, VALUES, j->a->v);
    prepare_rows(j, head, r, TVALUES, j->tv);
}

static void push_head(const job *j, size_t head, room *r)
{
    const ad_attention_heads *a = j->a;
    prepare_tangents(j, head, r);
    EACH_BLOCK_OF_QUERIES(j, b, head)
    {
        pack_queries(j, &b, r, QUERIES, a->q, a->scale);
        pack_queries(j, &b, r, TQUERIES, j->tq, a->scale);
        pad_queries(j, &b, r, OUT, j->y);
        recall(j, &b);
        push_block(j, &b, r);
        take_rows(j, b.count, a->width, j->width, r->some[TOUT],
                  place(j, j->ty, ((int64_t)head * a->queries + b.first) * a->width), false);
    }
}

static void bend_block(const job *j, block *b, room *r)
{
    EACH_BLOCK_OF_KEYS(j, b)
    {
        find_scores(j, b, r);
        j->kernel->weigh(&r->block[SCORES], &b->rows);
        find_moved(j, b, r);
        find_pulled(j, b, r, PULLED, VALUES);
        if (j->tv)
            find_pulled(j, b, r, BENT, TVALUES);
        else
            clear(j, AD_QUERIES * AD_KEYS, r->block[BENT].numbers);
        j->kernel->bend(&r->block[SCORES], &r->block[MOVED], &r->block[PULLED], &r->block[BENT],
                        &b->rows, j->a->scale);
        add_to_values(j, b, r, MOVED);
        add_to_queries(j, b, r, BENT, KEYS);
        add_to_keys(j, b, r, BENT, QUERIES);
        if (j->tk)
            add_to_queries(j, b, r, PULLED, TKEYS);
        if (j->tq)
            add_to_keys(j, b, r, PULLED, TQUERIES);
    }
}

static void bend_head(const job *j, size_t head, room *r)
{
    const ad_attention_heads *a = j->a;
    prepare_tangents(j, head, r);
    prepare_columns(j, head, r, VALUES, a->v);
    prepare_columns(j, head, r, TVALUES, j->tv);
    prepare_rows(j, head, r, KEYS, a->k);
    prepare_rows(j, head, r, TKEYS, j->tk);
    clear_sums(j, r);
    EACH_BLOCK_OF_QUERIES(j, b, head)
    {
        begin_back(j, &b, r);
        pack_queries(j, &b, r, TQUERIES, j->tq, a->scale);
        pad_queries(j, &b, r, TQUERIES, j->tq);
        push_block(j, &b, r);
        j->kernel->dot(b.count, j->width, r->some[SLOPES], r->some[TOUT], b.rows.bend);
        bend_block(j, &b, r);
        take_queries(j, &b, r);
    }
    take_sums(j, head, r);
}

/* ---- all heads ------------------------------------------------------------------------------------ */

static const ad_attention_kernel *kernel_for(const ad_workspace *work, ad_type type)
{
#define KERNEL_F32(isa) &ad_attention_f32_##isa,
#define KERNEL_F64(isa) &ad_attention_f64_##isa,
    static const ad_attention_kernel *const f32[] = {AD_ISA_LIST(KERNEL_F32)};
    static const ad_attention_kernel *const f64[] = {AD_ISA_LIST(KERNEL_F64)};
    return type == AD_F32 ? f32[ad_work_isa(work)] : f64[ad_work_isa(work)];
}

static void run_head(void *user, size_t head, int worker)
{
    const job *j = user;
    room r;
    lay_out(j, j->rooms + (size_t)worker * j->room_bytes, &r);
    j->run(j, head, &r);
}

static void run_heads(ad_workspace *work, job *j)
{
    const ad_attention_heads *a = j->a;
    room r;
    j->kernel = kernel_for(work, a->type);
    j->number = ad_type_size(a->type);
    j->size = up_to(a->size, j->kernel->lanes);
    j->width = up_to(a->width, j->kernel->lanes);
    j->keys = up_to(a->keys, AD_KEYS);
    j->room_bytes = lay_out(j, NULL, &r);
    j->rooms = ad_scratch(work, (size_t)ad_work_threads(work) * j->room_bytes);
    if (j->rooms && a->heads && a->queries && a->width)
        ad_work_share(work, a->heads, run_head, j);
}

void ad_attention_forward(ad_workspace *work, const ad_attention_heads *a, void *y)
{
    run_heads(work, &(job){.a = a, .ty = y, .run = forward_head});
}

void ad_attention_pull(ad_workspace *work, const ad_attention_heads *a, const void *y,
                       const void *dy, void *dq, void *dk, void *dv)
{
    run_heads(work, &(job){.a = a, .y = y, .dy = dy, .dx = {dq, dk, dv}, .run = pull_head});
}

void ad_attention_push(ad_workspace *work, const ad_attention_heads *a, const void *y,
                       const void *tq, const void *tk, const void *tv, void *ty)
{
    run_heads(work,
              &(job){.a = a, .y = y, .tq = tq, .tk = tk, .tv = tv, .ty = ty, .run = push_head});
}

void ad_attention_bend(ad_workspace *work, const ad_attention_heads *a, const void *y,
                       const void *dy, const void *tq, const void *tk, const void *tv, void *tdq,
                       void *tdk, void *tdv)
{
    run_heads(work, &(job){.a = a,
                           .y = y,
                           .dy = dy,
                           .tq = tq,
                           .tk = tk,
                           .tv = tv,
                           .dx = {tdq, tdk, tdv},
                           .run = bend_head});
}
