/* Gradients from operands in other layouts, shared, repeated and frozen. */
#include "probe_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- layouts ------------------------------------------------------------------------- */

const char *const layout_names[] = {"by rows", "by columns", "with gaps", "backwards", "repeated"};

/* The strides of a layout; *begin is the place of the first number, in elements. */
static void set_strides(ad_view *v, layout how, int64_t *begin)
{
    int rank = v->shape.rank;
    int64_t step = how == GAPS ? 2 : 1;
    *begin = how == GAPS ? 1 : 0;
    for (int k = 0; k < rank; k++) {
        int i = how == COLUMNS ? k : rank - 1 - k;
        v->stride[i] = how == BACKWARDS ? -step : step;
        *begin += how == BACKWARDS && v->shape.dim[i] ? (v->shape.dim[i] - 1) * step : 0;
        step *= v->shape.dim[i];
    }
    if (how == REPEATED && rank)
        v->stride[0] = 0;
}

static int64_t place_in(const ad_view *v, size_t i)
{
    int64_t place = 0;
    for (int k = v->shape.rank - 1; k >= 0; k--) {
        place += (int64_t)(i % (size_t)v->shape.dim[k]) * v->stride[k];
        i /= (size_t)v->shape.dim[k];
    }
    return place;
}

static void set_number(void *numbers, ad_type type, int64_t i, double to)
{
    if (type == AD_F32)
        ((float *)numbers)[i] = (float)to;
    else
        ((double *)numbers)[i] = to;
}

ad_view lay_out(const ad_view *x, ad_type type, layout how, void **memory)
{
    ad_view v = *x;
    int64_t begin, room = 2 * (int64_t)ad_view_count(x) + 2;
    *memory = malloc((size_t)room * ad_type_size(type));
    ck_assert_ptr_nonnull(*memory);
    for (int64_t i = 0; i < room; i++)
        set_number(*memory, type, i, NAN);
    set_strides(&v, how, &begin);
    for (size_t i = 0; i < ad_view_count(x); i++)
        set_number(*memory, type, begin + place_in(&v, i), ad_view_get(x, i));
    v.data = (char *)*memory + (size_t)begin * ad_type_size(type);
    v.type = type;
    return v;
}

/* The operands of the mask in a layout, against copies of the same numbers row by row: the same bits. */
static void expect_layout(const gradient_case *c, const point *p, layout how, unsigned mask)
{
    ad_view strided[MOST_OPERANDS], rows[MOST_OPERANDS];
    ad_array copies[MOST_OPERANDS] = {0};
    void *memory[MOST_OPERANDS] = {0};
    for (int i = 0; i < c->n; i++) {
        strided[i] = mask >> i & 1 ? lay_out(&p->x[i], AD_F64, how, &memory[i]) : p->x[i];
        copies[i] = copy_of(strided[i]);
        rows[i] = ad_array_view(copies[i]);
    }
    outcome got = evaluate(c, strided, ALL, ONCE), wanted = evaluate(c, rows, ALL, ONCE);
    expect_same_outcome(c, layout_names[how], &got, &wanted, 0);
    end_outcome(&got);
    end_outcome(&wanted);
    for (int i = 0; i < c->n; i++) {
        ad_array_free(&copies[i]);
        free(memory[i]);
    }
}

void check_layouts(const gradient_case *c)
{
    point p = point_of(c);
    for (layout how = COLUMNS; how < LAYOUT_COUNT; how++) {
        expect_layout(c, &p, how, ALL);
        for (int i = 0; i < c->n && c->n > 1; i++)
            expect_layout(c, &p, how, 1u << i);
    }
    end_point(&p);
}

/* An empty operand needs no memory. */
void check_no_memory(const gradient_case *c)
{
    bool any = false;
    point p = point_of(c);
    outcome wanted = evaluate(c, p.x, ALL, ONCE);
    for (int i = 0; i < c->n; i++)
        if (ad_view_count(&p.x[i]) == 0) {
            p.x[i].data = NULL;
            any = true;
        }
    if (any) {
        outcome got = evaluate(c, p.x, ALL, ONCE);
        expect_same_outcome(c, "empty operands without memory", &got, &wanted, 0);
        end_outcome(&got);
    }
    end_outcome(&wanted);
    end_point(&p);
}

/* ---- shared, repeated, frozen -------------------------------------------------------- */

void check_repeated_operand(const gradient_case *c)
{
    if (!has_one_shape(c))
        return;
    point p = point_of(c);
    for (int i = 1; i < c->n; i++)
        p.x[i] = p.x[0];
    outcome o = evaluate(c, p.x, ALL, ONE_OPERAND);
    ad_array d = differences(c, p.x, &p.numbers[0]);
    expect_close(c, "gradient of a repeated operand", 0, &o.gradient[0], &d, 1e-7);
    ad_array_free(&d);
    end_outcome(&o);
    end_point(&p);
}

void check_accumulation(const gradient_case *c)
{
    point p = point_of(c);
    outcome wanted = evaluate(c, p.x, ALL, ONCE);
    outcome result_twice = evaluate(c, p.x, ALL, RESULT_TWICE);
    outcome function_twice = evaluate(c, p.x, ALL, FUNCTION_TWICE);
    for (int i = 0; i < c->n; i++)
        for (size_t k = 0; k < ad_array_count(&wanted.gradient[i]); k++)
            ((double *)wanted.gradient[i].data)[k] *= 2;
    expect_same_outcome(c, "result used twice", &result_twice, &wanted, 1e-14);
    expect_same_outcome(c, "computed twice", &function_twice, &wanted, 1e-14);
    end_outcome(&wanted);
    end_outcome(&result_twice);
    end_outcome(&function_twice);
    end_point(&p);
}

static void expect_same_bits(const gradient_case *c, const ad_array *got, const ad_array *wanted,
                             int operand, unsigned watched)
{
    size_t bytes = ad_array_count(wanted) * ad_type_size(wanted->type);
    ck_assert_msg(bytes == 0 || memcmp(got->data, wanted->data, bytes) == 0,
                  "%s: gradient %d is not the same where only the operands in %#x are watched",
                  c->name, operand, watched);
}

void check_frozen_operands(const gradient_case *c)
{
    point p = point_of(c);
    outcome wanted = evaluate(c, p.x, ALL, ONCE);
    for (unsigned watched = 0; watched < 1u << c->n; watched++) {
        outcome got = evaluate(c, p.x, watched, ONCE);
        expect_same_bits(c, &got.y, &wanted.y, 0, watched);
        for (int i = 0; i < c->n; i++)
            if (watched >> i & 1)
                expect_same_bits(c, &got.gradient[i], &wanted.gradient[i], i, watched);
        end_outcome(&got);
    }
    end_outcome(&wanted);
    end_point(&p);
}
