/* Work on rows whose numbers lie together. */
#include "kernels/rows.h"

#include <string.h>

enum {
    CHUNK = 1 << 14, /* numbers worth another thread */
    LONG = 256,      /* numbers of a row whose tile is filled late */
    INPUTS = 2
};

typedef struct rows_job {
    const ad_row_op *op;
    ad_lane_block *apart;
    ad_row_set all;
    size_t size;       /* of a number */
    size_t set, chunk; /* rows at once, and rows of a task */
    bool late;         /* whether tiles of some operands are filled late */
} rows_job;

/* Tiles for what is left of each row of a set. */
typedef struct rest_room {
    _Alignas(64) char of[INPUTS + 1][AD_ROW_SET * AD_ROW_LANES * sizeof(double)];
} rest_room;

/* ---- what is left of each row -------------------------------------------------------- */

static void fill_tiles(const rows_job *j, size_t tiles, double with, void *room)
{
    for (size_t i = 0; i < tiles * AD_ROW_LANES; i++)
        if (j->size == sizeof(float))
            ((float *)room)[i] = (float)with;
        else
            ((double *)room)[i] = with;
}

/* Less than a tile. */
static inline void copy_rest(size_t bytes, const char *from, char *to)
{
#define COPY(some)                \
    if (bytes & (some)) {         \
        memcpy(to, from, some);   \
        from += some, to += some; \
    }
    COPY(64) COPY(32) COPY(16) COPY(8) COPY(4)
#undef COPY
}

/* Between rows from one on and their tiles, there or back. */
static void copy_rests(const rows_job *j, const ad_row_set *r, const ad_row_data *d, size_t begin,
                       bool back)
{
    const ad_row_extent *e = &r->extent;
    size_t tile = AD_ROW_LANES * j->size, row = e->length * j->size;
    size_t bytes = (e->length - e->whole) * j->size;
    char *rest = (char *)d->rests + begin * tile;
    char *end = (char *)d->rows + begin * row + e->whole * j->size;
    for (size_t i = begin; bytes && i < e->count; i++, rest += tile, end += row)
        copy_rest(bytes, back ? rest : end, back ? end : rest);
}

/* ---- some rows ----------------------------------------------------------------------- */

static ad_row_data rows_from(const rows_job *j, ad_row_data d, size_t row, char *rests)
{
    size_t bytes = row * j->all.extent.length * j->size;
    return (ad_row_data){(char *)d.rows + bytes, rests};
}

static bool run_step(const rows_job *j, rest_room *room, size_t first, size_t count)
{
    ad_row_set r = j->all;
    r.extent.count = count;
    r.extent.late = !j->late ? 0 : first + count < j->all.extent.count ? count : count - 1;
    r.first = first;
    for (int i = 0; i < j->op->inputs; i++) {
        r.in[i] = rows_from(j, r.in[i], first, room->of[i]);
        bool late = i >= j->op->inputs - j->op->late;
        copy_rests(j, &r, &r.in[i], late ? r.extent.late : 0, false);
    }
    if (!r.out.rows)
        return j->op->step(&r);
    r.out = rows_from(j, r.out, first, room->of[INPUTS]);
    if (r.add)
        copy_rests(j, &r, &r.out, 0, false);
    bool done = j->op->step(&r);
    if (done)
        copy_rests(j, &r, &r.out, 0, true);
    return done;
}

static void run_apart(const rows_job *j, size_t row)
{
    const void *in[INPUTS];
    ad_lanes l = ad_lanes_of_row(j->all.extent.length);
    for (int i = 0; i < j->op->inputs; i++)
        in[i] = rows_from(j, j->all.in[i], row, NULL).rows;
    j->apart(&l, in, rows_from(j, j->all.out, row, NULL).rows, j->all.add);
}

static void fill_rests(const rows_job *j, rest_room *room)
{
    for (int i = 0; i < j->op->inputs; i++)
        fill_tiles(j, j->set, j->op->fill[i], room->of[i]);
    if (j->all.add)
        fill_tiles(j, j->set, 0, room->of[INPUTS]);
}

static void run_task(void *user, size_t task, int worker)
{
    const rows_job *j = user;
    size_t row = task * j->chunk, left = j->all.extent.count - row;
    size_t end = row + (left < j->chunk ? left : j->chunk);
    rest_room room;
    (void)worker;
    if (j->all.extent.whole < j->all.extent.length)
        fill_rests(j, &room);
    for (size_t some; row < end; row += some) {
        some = end - row < j->set ? end - row : j->set;
        if (run_step(j, &room, row, some))
            continue;
        for (size_t r = row; r < row + some; r++)
            if (some == 1 || !run_step(j, &room, r, 1))
                run_apart(j, r);
    }
}

const ad_row_kernel *ad_row_kernel_for(ad_type type, ad_isa isa)
{
#define KERNEL_F32(isa) &ad_rows_f32_##isa,
#define KERNEL_F64(isa) &ad_rows_f64_##isa,
    static const ad_row_kernel *const f32[] = {AD_ISA_LIST(KERNEL_F32)};
    static const ad_row_kernel *const f64[] = {AD_ISA_LIST(KERNEL_F64)};
    return type == AD_F32 ? f32[isa] : f64[isa];
}

/* How many rows make a set, and a task. (Few rows of few numbers are the commonest, and divisions are slow.) */
static void plan(rows_job *j)
{
    size_t count = j->all.extent.count, length = j->all.extent.length;
    if (count <= AD_ROW_SET && count * length * j->size <= AD_ROW_HOT) {
        j->set = j->chunk = count;
        return;
    }
    size_t hot = j->op->once ? AD_ROW_SET : AD_ROW_HOT / j->size / length;
    hot = hot < 1 ? 1 : hot < AD_ROW_SET ? hot : AD_ROW_SET;
    j->chunk = length < CHUNK ? CHUNK / length : 1;
    j->set = hot < j->chunk ? hot : j->chunk;
    j->set = j->set < count ? j->set : count;
}

void ad_rows_run(ad_workspace *work, const ad_row_op *op, ad_type type, size_t count, size_t length,
                 const void *const *in, void *out, bool add, const void *env)
{
    rows_job j = {.op = op, .apart = op->apart[type], .size = ad_type_size(type)};
    j.all = (ad_row_set){.kernel = ad_row_kernel_for(type, ad_work_isa(work)),
                         .extent = {count, length, length / AD_ROW_LANES * AD_ROW_LANES, 0},
                         .out = {out, NULL},
                         .add = add,
                         .env = env};
    for (int i = 0; i < op->inputs; i++)
        j.all.in[i].rows = (void *)(uintptr_t)in[i];
    if (!count || !length)
        return;
    j.late = op->late && length >= LONG;
    plan(&j);
    if (j.chunk >= count)
        run_task(&j, 0, 0);
    else
        ad_work_share(work, (count + j.chunk - 1) / j.chunk, run_task, &j);
}
