/* Steps whose results are computed a second time, naively, from the copies of the operands' numbers: they show
 * what life and memory do to values, not the accuracy of kernels. */
#include "sequences.h"

#include <math.h>
#include <string.h>

/* ---- results of operations ---------------------------------------------------------- */

typedef struct shadow {
    int rank;
    int64_t dim[AD_MAX_RANK];
    double number[KNOWN];
} shadow;

typedef double (*of_two)(double a, double b);

static double plus(double a, double b)
{
    return a + b;
}
static double minus(double a, double b)
{
    return a - b;
}
static double times(double a, double b)
{
    return a * b;
}
static double greater(double a, double b)
{
    return isnan(a) || a >= b ? a : b;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12 * (fabs(a) + fabs(b));
}

static bool expect(scene *s, ad_tensor y, int rank, const int64_t *dim, const double *numbers)
{
    ad_view v = ad_read(y);
    size_t n = ad_view_count(&v);
    ad_status status = ad_tape_status(y.tape);
    if (status == AD_MEMORY || status == AD_NOT_FINITE ||
        status == AD_BUSY) /* an inner tape is in use */
        return true;
    if (status != AD_OK)
        return scene_fail(s, "a good operation fails");
    if (v.shape.rank != rank || (rank && memcmp(v.shape.dim, dim, (size_t)rank * sizeof *dim) != 0))
        return scene_fail(s, "a result of another shape than the naive one");
    for (size_t i = 0; i < n && i < KNOWN; i++)
        if (!same(ad_view_get(&v, i), numbers[i]))
            return scene_fail(s, "a result of other numbers than the naive ones");
    scene_keep(s, y);
    return true;
}

static bool shadow_of_two(scene *s, const slot *a, const slot *b)
{
    static const of_two naive[] = {plus, minus, times, greater};
    double numbers[KNOWN];
    uint64_t which = draw_below(s, 4);
    ad_tensor y = which == 0   ? (ad_add)(a->x, b->x)
                  : which == 1 ? (ad_sub)(a->x, b->x)
                  : which == 2 ? (ad_mul)(a->x, b->x)
                               : (ad_maximum)(a->x, b->x);
    for (int i = 0; i < a->known; i++)
        numbers[i] = naive[which](a->number[i], b->number[i]);
    scene_tell(s, " of two %d", (int)which);
    return expect(s, y, a->shape.rank, a->shape.dim, numbers);
}

static bool shadow_sum(scene *s, const slot *a)
{
    double sum = 0;
    for (int i = 0; i < a->known; i++)
        sum += a->number[i];
    scene_tell(s, " sum");
    if (!isfinite(sum) || fabs(sum) < 1e-3) /* whose digits depend on the order */
        return true;
    return expect(s, (ad_sum)(a->x), 0, NULL, &sum);
}

static bool shadow_transpose(scene *s, const slot *a)
{
    double numbers[KNOWN];
    int64_t rows = a->shape.dim[0], columns = a->shape.dim[1], dim[] = {columns, rows};
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < columns; k++)
            numbers[k * rows + i] = a->number[i * columns + k];
    scene_tell(s, " transpose");
    return expect(s, (ad_transpose)(a->x), 2, dim, numbers);
}

/* ---- gradients ---------------------------------------------------------------------- */

/* Of the sum of squares of a leaf. */
static bool shadow_sweep(scene *s, const slot *a)
{
    double numbers[KNOWN];
    ad_view v = ad_view_of(AD_F64, a->number, a->shape), dx;
    memcpy(numbers, a->number, sizeof numbers);
    ad_mark start = ad_tape_mark(a->x.tape);
    void *kept = ad_tape_memory(a->x.tape, sizeof numbers);
    if (!kept)
        return true;
    v.data = memcpy(kept, numbers, sizeof numbers);
    ad_tape_poll(a->x.tape, NULL, NULL);
    ad_tape_trace(a->x.tape, NULL, NULL);
    ad_tensor x = (ad_watch)(a->x.tape, v);
    ad_status status = ad_backward((ad_sum)((ad_square)(x)));
    dx = ad_grad(x);
    scene_tell(s, " sweep -> %s", ad_status_text(status));
    for (int i = 0; status == AD_OK && i < a->known; i++)
        if (!same(ad_view_get(&dx, (size_t)i), 2 * numbers[i]))
            return scene_fail(s, "a gradient of other numbers than the naive one");
    ad_tape_rewind(start);
    return true;
}

bool shadow_step(scene *s)
{
    const slot *a = &s->slot[s->like], *b = NULL;
    int at = (int)draw_below(s, SLOTS);
    uint64_t which = draw_below(s, 8);
    if (!a->alive || a->type != AD_F64 || a->known < 1 || ad_tape_status(a->x.tape) != AD_OK)
        return true;
    for (int i = 0; i < SLOTS && !b; i++) {
        const slot *k = &s->slot[(at + i) % SLOTS];
        bool fits = k->alive && k->x.tape == a->x.tape && k->type == AD_F64 &&
                    ad_shape_equal(&k->shape, &a->shape);
        b = fits ? k : NULL;
    }
    scene_tell(s, "shadow x%d", s->like);
    if (which < 4)
        return shadow_of_two(s, a, b);
    if (which == 4)
        return shadow_sum(s, a);
    if (which == 5)
        return a->shape.rank != 2 || shadow_transpose(s, a);
    return shadow_sweep(s, a);
}
