/* Gradients against differences and complex step. */
#include "probe_parts.h"

#include <stdlib.h>

/* ---- differences ----------------------------------------------------------------------- */

double extrapolated(double wide, double narrow)
{
    return (4 * narrow - wide) / 3;
}

static double central(const gradient_case *c, ad_tape *t, const ad_view *x, double *number,
                      double h)
{
    double at = *number;
    *number = at + h;
    double above = value_of(c, t, x);
    *number = at - h;
    double below = value_of(c, t, x);
    *number = at;
    return (above - below) / (2 * h);
}

const double difference_step = 1.0 / 256;

static ad_array differences_by(const gradient_case *c, const ad_view *x, const ad_array *numbers,
                               double h)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_array d = ad_zeros(AD_F64, numbers->shape);
    double *number = numbers->data, *slope = d.data;
    for (size_t i = 0; i < ad_array_count(&d); i++)
        slope[i] =
            extrapolated(central(c, t, x, &number[i], h), central(c, t, x, &number[i], h / 2));
    ad_tape_free(t);
    return d;
}

ad_array differences(const gradient_case *c, const ad_view *x, const ad_array *numbers)
{
    return differences_by(c, x, numbers, difference_step);
}

/* Differences that depend on their step say nothing of a derivative. */
static void expect_settled(const gradient_case *c, const point *p, int operand,
                           const ad_array *wanted)
{
    ad_array finer = differences_by(c, p->x, &p->numbers[operand], difference_step / 2);
    ck_assert_msg(is_close(&finer, wanted, 1e-7),
                  "%s: differences do not settle between %g and %g: give the row a narrower .range",
                  c->name, low_of(c), high_of(c));
    ad_array_free(&finer);
}

void check_differences(const gradient_case *c)
{
    point p = point_of(c);
    outcome o = evaluate(c, p.x, ALL, ONCE);
    for (int i = 0; i < c->n; i++) {
        ad_array d = differences(c, p.x, &p.numbers[i]);
        if (!is_close(&o.gradient[i], &d, 1e-7))
            expect_settled(c, &p, i, &d);
        expect_close(c, "gradient against differences", i, &o.gradient[i], &d, 1e-7);
        ad_array_free(&d);
    }
    end_outcome(&o);
    end_point(&p);
}

/* ---- complex step ---------------------------------------------------------------------- */

typedef struct complex_point {
    double complex *x[MOST_OPERANDS];
    double complex *y;
    size_t y_count;
} complex_point;

static double complex *complex_numbers(size_t n)
{
    double complex *x = calloc(n + 1, sizeof *x);
    ck_assert_ptr_nonnull(x);
    return x;
}

/* A linear f is its own complex form, on real and imaginary parts apart. */
static void add_linear_part(const gradient_case *c, const complex_point *z, const ad_shape *y_shape,
                            bool imaginary)
{
    point p = point_of(c);
    for (int i = 0; i < c->n; i++)
        for (size_t k = 0; k < ad_array_count(&p.numbers[i]); k++)
            ((double *)p.numbers[i].data)[k] = imaginary ? cimag(z->x[i][k]) : creal(z->x[i][k]);
    outcome o = evaluate(c, p.x, 0, ONCE);
    ad_view y = ad_array_view(o.y);
    ck_assert(ad_shape_equal(&y.shape, y_shape));
    for (size_t i = 0; i < z->y_count; i++)
        z->y[i] += ad_view_get(&y, i) * (imaginary ? I : 1);
    end_outcome(&o);
    end_point(&p);
}

static void evaluate_form(const gradient_case *c, const complex_point *z, const ad_shape *y_shape)
{
    for (size_t i = 0; i < z->y_count; i++)
        z->y[i] = 0;
    if (c->form.linear) {
        add_linear_part(c, z, y_shape, false);
        add_linear_part(c, z, y_shape, true);
        return;
    }
    const double complex *x[MOST_OPERANDS];
    for (int i = 0; i < c->n; i++)
        x[i] = z->x[i];
    complex_evaluate(&c->form, c->n, c->shape, x, y_shape, z->y);
}

/* dL/dx for the number *x, from the imaginary part of L at x + ih. */
static double complex_slope(const gradient_case *c, const complex_point *z, const ad_shape *y_shape,
                            double complex *x)
{
    const double h = 0x1p-100; /* exact in f32, too */
    double complex l = 0;
    *x += h * I;
    evaluate_form(c, z, y_shape);
    *x = creal(*x);
    for (size_t i = 0; i < z->y_count; i++)
        l += weight(0, i) * z->y[i] * z->y[i];
    return cimag(l) / h;
}

static complex_point begin_complex(const gradient_case *c, const point *p, const outcome *o)
{
    complex_point z = {.y_count = ad_array_count(&o->y)};
    z.y = complex_numbers(z.y_count);
    for (int i = 0; i < c->n; i++) {
        size_t n = ad_array_count(&p->numbers[i]);
        z.x[i] = complex_numbers(n);
        for (size_t k = 0; k < n; k++)
            z.x[i][k] = ((const double *)p->numbers[i].data)[k];
    }
    return z;
}

static void expect_value(const gradient_case *c, const complex_point *z, const outcome *o)
{
    ad_array y = ad_zeros(AD_F64, o->y.shape);
    evaluate_form(c, z, &y.shape);
    for (size_t i = 0; i < z->y_count; i++)
        ((double *)y.data)[i] = creal(z->y[i]);
    expect_close(c, "value against the complex form", 0, &o->y, &y, 1e-12);
    ad_array_free(&y);
}

void check_complex_step(const gradient_case *c)
{
    if (!has_form(&c->form))
        return;
    point p = point_of(c);
    outcome o = evaluate(c, p.x, ALL, ONCE);
    complex_point z = begin_complex(c, &p, &o);
    expect_value(c, &z, &o);
    for (int i = 0; i < c->n; i++) {
        ad_array d = ad_zeros(AD_F64, c->shape[i]);
        for (size_t k = 0; k < ad_array_count(&d); k++)
            ((double *)d.data)[k] = complex_slope(c, &z, &o.y.shape, &z.x[i][k]);
        expect_close(c, "gradient against complex step", i, &o.gradient[i], &d, 1e-12);
        ad_array_free(&d);
    }
    for (int i = 0; i < c->n; i++)
        free(z.x[i]);
    free(z.y);
    end_outcome(&o);
    end_point(&p);
}
