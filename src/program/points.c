/* Programs at the points of tensors: numbers of f64 that lie row by row are read and written where they are; others
 * go through buffers, some thousand points at a time. */
#include "program/points.h"

#include "adze/program/map.h"
#include "adze/walk.h"
#include "array/convert.h"
#include "base/memory.h"
#include "kernels/map.h"

#include <stdatomic.h>
#include <string.h>

typedef enum spread {
    EACH,    /* every point has its own numbers */
    SHARED,  /* all points have the same */
    REPEATED /* some have the same */
} spread;

typedef struct stream {
    ad_port port;
    spread spread;
    double *
        whole; /* its numbers in f64, or where they are gathered: of all points; of shared ones, an input's
                        numbers, an output's sums of each piece. NULL: they go through a buffer */
    size_t buffered; /* else: numbers of a point that are before it in a worker's buffer */
    ad_walk walk;    /* for a repeated input */
} stream;

typedef struct streams {
    size_t count;
    stream *list;
} streams;

typedef struct job {
    ad_workspace *work;
    const ad_program *program;
    ad_shape shape;
    size_t points, piece, pieces;
    streams in, out;
    size_t buffered; /* numbers of a point that go through buffers */
    size_t room;     /* numbers of the program's workspace */
    ad_pool *pool;   /* for a single piece */
    ad_map_input *x; /* [workers, inputs] */
    ad_map_output *y;
    double *buffers; /* [workers, piece, buffered] */
    double *rooms;   /* [workers, room] */
    atomic_flag lock;
    _Atomic size_t failed; /* the first piece that has failed, or SIZE_MAX */
    ad_error error;
} job;

/* ---- plans -------------------------------------------------------------------------- */

static spread spread_of(const job *j, const ad_port *port)
{
    size_t count = 0;
    (void)ad_shape_count(&port->shape, &count);
    return count == j->points ? EACH : count == 1 || !port->data ? SHARED : REPEATED;
}

static double *take(job *j, size_t a, size_t b)
{
    return ad_scratch(j->work, ad_size_mul(ad_size_mul(a, b), sizeof(double)));
}

static void use_buffer(job *j, stream *s)
{
    s->buffered = j->buffered;
    j->buffered += s->port.width;
}

/* The numbers of all points, as a view of port's elements. */
static ad_view all_points(const job *j, const ad_port *port, const double *numbers)
{
    ad_shape shape = j->shape;
    if (shape.rank < AD_MAX_RANK)
        shape.dim[shape.rank++] = (int64_t)port->width;
    return ad_view_of(AD_F64, numbers, shape);
}

/* A walk over the first number of each point. */
static bool begin_walk(job *j, stream *s)
{
    ad_view v = ad_view_of(s->port.type, s->port.data, s->port.shape);
    for (int i = 0; i < v.shape.rank; i++)
        v.stride[i] *= (int64_t)s->port.width;
    return ad_walk_begin(j->work, &s->walk, &j->shape, 1, &v);
}

static bool plan_input(job *j, stream *s)
{
    const ad_port *port = &s->port;
    s->spread = port->data ? spread_of(j, port) : SHARED;
    if (port->data && port->type == AD_F64 && s->spread != REPEATED) {
        s->whole = port->data;
        return true;
    }
    if (s->spread != SHARED) {
        use_buffer(j, s);
        return s->spread == EACH || begin_walk(j, s);
    }
    s->whole = take(j, port->width, 1);
    if (s->whole && port->data)
        ad_convert(port->width, port->type, port->data, AD_F64, s->whole);
    else if (s->whole)
        memset(s->whole, 0, port->width * sizeof *s->whole);
    return s->whole;
}

static bool plan_output(job *j, stream *s)
{
    const ad_port *port = &s->port;
    s->spread = spread_of(j, port);
    if (!port->data)
        return true;
    if (s->spread == REPEATED)
        s->whole = take(j, j->points, port->width);
    else if (s->spread == EACH && port->type == AD_F64 && !port->add)
        s->whole = port->data;
    else if (s->spread == EACH)
        use_buffer(j, s);
    return s->whole || s->spread != REPEATED;
}

static bool plan_streams(job *j, streams *all, size_t count, const ad_port *port,
                         bool (*plan)(job *, stream *))
{
    all->count = count;
    all->list = ad_scratch(j->work, ad_size_mul(count, sizeof *all->list));
    for (size_t i = 0; all->list && i < count; i++) {
        all->list[i] = (stream){.port = port[i]};
        if (!plan(j, &all->list[i]))
            return false;
    }
    return all->list;
}

/* Pieces whose buffers stay in the cache, or one piece where there are none. */
static void choose_pieces(job *j)
{
    enum { AT_ONCE = 1 << 15, LEAST = 64, MOST = 1 << 12 };
    j->piece = j->points;
    if (j->buffered) {
        size_t piece = AT_ONCE / j->buffered & ~(size_t)(LEAST - 1);
        piece = piece < LEAST ? LEAST : piece > MOST ? MOST : piece;
        j->piece = piece < j->points ? piece : j->points;
    }
    j->pieces = j->piece ? j->points / j->piece + (j->points % j->piece != 0) : 0;
    if (j->pieces == 1 && !j->work->parallel)
        j->pool = j->work->pool;
}

static bool take_sums(job *j)
{
    for (size_t i = 0; i < j->out.count; i++) {
        stream *s = &j->out.list[i];
        if (s->spread != SHARED || !s->port.data)
            continue;
        const size_t copies = j->pieces ? j->pieces : 1;
        s->whole = take(j, copies, s->port.width);
        if (!s->whole)
            return false;
        memset(s->whole, 0, copies * s->port.width * sizeof *s->whole);
    }
    return true;
}

/* ---- pieces ------------------------------------------------------------------------- */

typedef struct slice {
    job *job;
    size_t piece, begin, count; /* points */
    ad_map_input *x;
    ad_map_output *y;
    double *buffer, *room;
} slice;

static slice slice_of(job *j, size_t piece, size_t worker)
{
    slice s = {.job = j, .piece = piece, .begin = piece * j->piece};
    const size_t left = j->points - s.begin;
    s.count = left < j->piece ? left : j->piece;
    s.x = j->x + worker * j->program->inputs;
    s.y = j->y + worker * j->program->outputs;
    s.buffer = j->buffers + worker * j->piece * j->buffered;
    s.room = j->rooms + worker * j->room;
    return s;
}

/* Where the numbers of the slice's first point are. */
static double *start_of(const slice *s, const stream *from)
{
    if (!from->whole)
        return s->buffer + from->buffered * s->job->piece;
    return from->spread == SHARED ? from->whole : from->whole + s->begin * from->port.width;
}

static void aim_inputs(const slice *s)
{
    ad_map_input *to = s->x;
    for (size_t i = 0; i < s->job->in.count; i++) {
        const stream *from = &s->job->in.list[i];
        const double *start = start_of(s, from);
        const ptrdiff_t stride = from->spread == SHARED ? 0 : (ptrdiff_t)from->port.width;
        for (size_t k = 0; k < from->port.width; k++)
            *to++ = (ad_map_input){start + k, stride};
    }
}

static void aim_outputs(const slice *s)
{
    ad_map_output *to = s->y;
    for (size_t i = 0; i < s->job->out.count; i++) {
        const stream *from = &s->job->out.list[i];
        const size_t width = from->port.width;
        double *start = from->port.data ? start_of(s, from) : NULL;
        if (start && from->spread == SHARED)
            start += s->piece * width;
        for (size_t k = 0; k < width; k++)
            *to++ = (ad_map_output){start ? start + k : NULL,
                                    from->spread == SHARED ? 0 : (ptrdiff_t)width};
    }
}

/* n numbers that lie `step` apart. */
static void gather_numbers(ad_type type, const void *from, int64_t step, size_t n, double *to)
{
    if (type == AD_F32)
        for (size_t i = 0; i < n; i++)
            to[i] = (double)((const float *)from)[(int64_t)i * step];
    else
        for (size_t i = 0; i < n; i++)
            to[i] = ((const double *)from)[(int64_t)i * step];
}

/* Gathers the numbers of repeated points. */
static void gather(const slice *s, const stream *from, double *to)
{
    const size_t width = from->port.width, size = ad_float_size(from->port.type);
    const ad_type type = from->port.type;
    ad_walk w = from->walk;
    ad_walk_part(&w, s->begin, s->begin + s->count);
    while (ad_walk_next(&w)) {
        const size_t n = (size_t)w.n;
        if (w.step[0] == (int64_t)width || n == 1)
            ad_convert(n * width, type, w.data[0], AD_F64, to);
        else if (width == 1)
            gather_numbers(type, w.data[0], w.step[0], n, to);
        else
            for (size_t i = 0; i < n; i++)
                ad_convert(width, type,
                           (const char *)w.data[0] + (int64_t)i * w.step[0] * (int64_t)size, AD_F64,
                           to + i * width);
        to += n * width;
    }
}

static void read_inputs(const slice *s)
{
    for (size_t i = 0; i < s->job->in.count; i++) {
        const stream *from = &s->job->in.list[i];
        const ad_port *port = &from->port;
        if (from->whole)
            continue;
        double *to = start_of(s, from);
        if (from->spread == REPEATED)
            gather(s, from, to);
        else
            ad_convert(s->count * port->width, port->type,
                       (const char *)port->data +
                           s->begin * port->width * ad_float_size(port->type),
                       AD_F64, to);
    }
}

static void write_outputs(const slice *s)
{
    for (size_t i = 0; i < s->job->out.count; i++) {
        const stream *to = &s->job->out.list[i];
        const ad_port *port = &to->port;
        if (port->data && !to->whole)
            ad_store_sums(s->count * port->width, start_of(s, to), port->type,
                          (char *)port->data + s->begin * port->width * ad_float_size(port->type),
                          port->add);
    }
}

/* ---- runs --------------------------------------------------------------------------- */

/* A single point runs as such: its room has the inputs, the outputs and then the workspace. */
static ad_status run_one(const slice *s, ad_error *error)
{
    const ad_program *p = s->job->program;
    double *x = s->room, *y = x + p->inputs;
    for (uint32_t i = 0; i < p->inputs; i++)
        x[i] = *s->x[i].at;
    ad_status status = ad_program_run(p, x, y, y + p->outputs, error);
    for (uint32_t i = 0; status == AD_OK && i < p->outputs; i++)
        if (s->y[i].at)
            *s->y[i].at = y[i];
    return status;
}

static ad_map_options options_of(const slice *s)
{
    return (ad_map_options){.size = sizeof(ad_map_options), .pool = s->job->pool, .work = s->room};
}

static size_t room_of(const slice *s)
{
    const ad_program *p = s->job->program;
    ad_map_options options = options_of(s);
    if (s->job->points == 1)
        return ad_size_add((size_t)p->inputs + p->outputs, ad_program_work(p));
    return ad_program_map_work(p, s->count, s->x, s->y, &options);
}

static void keep_failure(const slice *s, const ad_error *error)
{
    job *j = s->job;
    while (atomic_flag_test_and_set(&j->lock))
        ;
    if (s->piece < j->failed) {
        j->failed = s->piece;
        j->error = *error;
    }
    atomic_flag_clear(&j->lock);
}

static void run_piece(void *user, size_t piece, int worker)
{
    job *j = user;
    slice s = slice_of(j, piece, (size_t)worker);
    ad_map_options options = options_of(&s);
    ad_error error = {AD_OK, ""};
    if (piece > j->failed)
        return;
    aim_inputs(&s);
    aim_outputs(&s);
    read_inputs(&s);
    ad_status status = j->points == 1
                           ? run_one(&s, &error)
                           : ad_program_map(j->program, s.count, s.x, s.y, &options, &error);
    if (status == AD_OK)
        write_outputs(&s);
    else
        keep_failure(&s, &error);
}

static bool take_rooms(job *j)
{
    const size_t workers = j->pieces > 1 ? (size_t)ad_work_threads(j->work) : 1;
    const ad_program *p = j->program;
    j->x = ad_scratch(j->work, ad_size_mul(ad_size_mul(workers, p->inputs), sizeof *j->x));
    j->y = ad_scratch(j->work, ad_size_mul(ad_size_mul(workers, p->outputs), sizeof *j->y));
    j->buffers = take(j, workers, ad_size_mul(j->piece, j->buffered));
    if (!j->x || !j->y || !j->buffers)
        return false;
    for (size_t piece = 0; piece<j->pieces; piece += j->pieces> 1 ? j->pieces - 1 : 1) {
        slice s = slice_of(j, piece, 0); /* the first and the last: all others are as the first */
        aim_inputs(&s);
        aim_outputs(&s);
        size_t room = room_of(&s);
        j->room = room > j->room ? room : j->room;
    }
    j->rooms = take(j, workers, j->room);
    return j->rooms;
}

/* ---- what points share -------------------------------------------------------------- */

static bool add_up(job *j, const stream *s)
{
    const ad_port *port = &s->port;
    size_t count = 0;
    const double *sums = s->whole;
    (void)ad_shape_count(&port->shape, &count);
    if (s->spread == SHARED) {
        ad_add_parts(j->pieces, port->width, s->whole);
    } else {
        ad_view all = all_points(j, port, s->whole), target = {.shape = port->shape};
        if (all.shape.rank > j->shape.rank)
            target.shape.dim[target.shape.rank++] = (int64_t)port->width;
        sums = ad_map_sum(j->work, &all.shape, NULL, 1, &all, AD_F64, &target.shape);
    }
    if (sums)
        ad_store_sums(count * port->width, sums, port->type, port->data, port->add);
    return sums;
}

static bool add_all_up(job *j)
{
    bool good = true;
    for (size_t i = 0; good && i < j->out.count; i++)
        if (j->out.list[i].port.data && j->out.list[i].spread != EACH)
            good = add_up(j, &j->out.list[i]);
    return good;
}

static bool finish(job *j)
{
    if (j->failed == SIZE_MAX)
        return add_all_up(j);
    if (j->failed == 0)
        ad_reject(j->work, j->error.status, "%s", j->error.text);
    else
        ad_reject(j->work, j->error.status, "%s (points are counted from number %zu on)",
                  j->error.text, j->failed * j->piece);
    return false;
}

bool ad_points_run(ad_workspace *work, const ad_program *p, const ad_shape *points, size_t ins,
                   const ad_port *in, size_t outs, const ad_port *out)
{
    job j = {.work = work, .program = p, .shape = *points};
    j.failed = SIZE_MAX;
    atomic_flag_clear(&j.lock);
    (void)ad_shape_count(points, &j.points);
    if (!plan_streams(&j, &j.in, ins, in, plan_input) ||
        !plan_streams(&j, &j.out, outs, out, plan_output))
        return false;
    choose_pieces(&j);
    if (!take_sums(&j) || !take_rooms(&j))
        return false;
    if (j.pieces == 1)
        run_piece(&j, 0, 0);
    else
        ad_work_share(work, j.pieces, run_piece, &j);
    return finish(&j);
}
