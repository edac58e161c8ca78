/* Derivatives of programs: what users call. */
#include "program/transform.h"

#include "base/memory.h"

/* ---- outputs ------------------------------------------------------------------------ */

/* A list of outputs that begins with those of the program. NULL with an error. */
static uint32_t *take_outputs(ad_transform *t, size_t count)
{
    const ad_program *p = t->program;
    uint32_t *output = ad_memory_take(p->options.allocator, ad_size_mul(count, sizeof *output));
    if (!output)
        ad_build_fail(&t->build, AD_MEMORY, "%s: memory ran out: %zu outputs", t->name, count);
    for (uint32_t j = 0; output && j < p->outputs; j++)
        output[j] = t->place[p->output[j]];
    return output;
}

/* The program of these outputs. Ends the transformation. */
static ad_program *end_with(ad_transform *t, size_t count, uint32_t *output)
{
    ad_program *made = ad_build_end(&t->build, output ? count : 0, output);
    if (output)
        ad_memory_give(t->program->options.allocator, output, count * sizeof *output);
    ad_transform_end(t);
    return made;
}

static bool has_one_output(const ad_program *p, const char *name, ad_error *error)
{
    if (!ad_program_given(p, name, error))
        return false;
    if (p->outputs == 1)
        return true;
    ad_fail(error, AD_MISUSE, "%s: the program has %u outputs, not one", name, p->outputs);
    return false;
}

/* ---- in reverse --------------------------------------------------------------------- */

/* Adjoints of all values from those of the outputs: output j alone, with 1; or, for j = AD_NO_VALUE, each with
 * an input of its own. */
static void seed_and_sweep(ad_transform *t, uint32_t j, ad_flow *adjoint)
{
    const ad_program *p = t->program;
    for (uint32_t i = 0; i < p->outputs; i++) {
        ad_flow *to = &adjoint[p->output[i]];
        if (j == AD_NO_VALUE)
            *to = ad_flow_add(&t->build, *to, (ad_flow){p->inputs + i, true});
        else if (i == j)
            *to = (ad_flow){ad_build_constant(&t->build, 1), false};
    }
    ad_transform_reverse(t, adjoint);
}

/* Writes the derivatives by the inputs. False with an error. */
static bool write_reverse(ad_transform *t, uint32_t j, size_t count, const size_t *by, uint32_t *to)
{
    const ad_program *p = t->program;
    ad_flow *adjoint = ad_transform_take(t, ad_program_values(p));
    if (!adjoint)
        return false;
    seed_and_sweep(t, j, adjoint);
    for (size_t i = 0; i < count; i++)
        to[i] = ad_transform_value(t, adjoint[p->constants + ad_by(by, i)]);
    ad_transform_give(t, adjoint, ad_program_values(p));
    return t->build.status == AD_OK;
}

ad_program *ad_program_vjp(const ad_program *p, size_t count, const size_t *by, ad_error *error)
{
    ad_transform t;
    if (!ad_program_given(p, "program_vjp", error))
        return NULL;
    const size_t outputs = ad_size_add(p->outputs, count);
    uint32_t *output = NULL;
    if (ad_transform_begin(&t, "program_vjp", p, p->outputs, count, by, error))
        output = take_outputs(&t, outputs);
    if (output)
        write_reverse(&t, AD_NO_VALUE, count, by, output + p->outputs);
    return end_with(&t, outputs, output);
}

/* ---- forward ------------------------------------------------------------------------ */

/* The tangents of the inputs: those after the inputs, or, where there are none, a direction for each. */
static void seed_tangents(ad_transform *t, size_t count, const size_t *by, size_t directions,
                          bool given, ad_flow *tangent)
{
    const ad_program *p = t->program;
    const ad_flow one = {ad_build_constant(&t->build, 1), false};
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < directions; d++) {
            ad_flow *to = &tangent[(p->constants + ad_by(by, i)) * directions + d];
            if (given)
                *to = ad_flow_add(&t->build, *to,
                                  (ad_flow){(uint32_t)(p->inputs + d * count + i), true});
            else if (i == d)
                *to = one;
        }
}

/* Writes d y[j] in direction d to to[j stride + d other]. */
static bool write_forward(ad_transform *t, size_t count, const size_t *by, size_t directions,
                          bool given, uint32_t *to)
{
    const ad_program *p = t->program;
    const size_t flows = ad_size_mul(ad_program_values(p), directions);
    ad_flow *tangent = ad_transform_take(t, flows);
    if (!tangent)
        return false;
    seed_tangents(t, count, by, directions, given, tangent);
    ad_transform_forward(t, directions, tangent);
    for (size_t j = 0; j < p->outputs; j++)
        for (size_t d = 0; d < directions; d++)
            to[given ? d * p->outputs + j : j * directions + d] =
                ad_transform_value(t, tangent[p->output[j] * directions + d]);
    ad_transform_give(t, tangent, flows);
    return t->build.status == AD_OK;
}

ad_program *ad_program_jvp(const ad_program *p, size_t count, const size_t *by, size_t directions,
                           ad_error *error)
{
    ad_transform t;
    if (!ad_program_given(p, "program_jvp", error))
        return NULL;
    const size_t outputs = ad_size_add(p->outputs, ad_size_mul(directions, p->outputs));
    uint32_t *output = NULL;
    if (ad_transform_begin(&t, "program_jvp", p, ad_size_mul(directions, count), count, by, error))
        output = take_outputs(&t, outputs);
    if (output)
        write_forward(&t, count, by, directions, true, output + p->outputs);
    return end_with(&t, outputs, output);
}

/* ---- all of them -------------------------------------------------------------------- */

/* Writes the Jacobian, [outputs, count]. */
static void write_jacobian(ad_transform *t, size_t count, const size_t *by, uint32_t *to)
{
    const ad_program *p = t->program;
    if (count < p->outputs) {
        write_forward(t, count, by, count, false, to);
        return;
    }
    for (uint32_t j = 0; j < p->outputs; j++)
        if (!write_reverse(t, j, count, by, to + j * count))
            return;
}

/* By the name of the function that asks. */
static ad_program *make_jacobian(const char *name, const ad_program *p, size_t count,
                                 const size_t *by, ad_error *error)
{
    ad_transform t;
    const size_t outputs = ad_size_add(p->outputs, ad_size_mul(p->outputs, count));
    uint32_t *output = NULL;
    if (ad_transform_begin(&t, name, p, 0, count, by, error))
        output = take_outputs(&t, outputs);
    if (output)
        write_jacobian(&t, count, by, output + p->outputs);
    return end_with(&t, outputs, output);
}

ad_program *ad_program_jacobian(const ad_program *p, size_t count, const size_t *by,
                                ad_error *error)
{
    const char *name = "program_jacobian";
    return ad_program_given(p, name, error) ? make_jacobian(name, p, count, by, error) : NULL;
}

ad_program *ad_program_gradient(const ad_program *p, size_t count, const size_t *by,
                                ad_error *error)
{
    const char *name = "program_gradient";
    return has_one_output(p, name, error) ? make_jacobian(name, p, count, by, error) : NULL;
}

/* ---- the Hessian -------------------------------------------------------------------- */

/* The places of the lower triangle in the Jacobian of the gradient program, whose outputs are the value, the
 * gradient, and the derivatives of both, row by row. */
static size_t place_of_entry(size_t count, size_t i, size_t j)
{
    return 1 + count + (1 + i) * count + j;
}

static ad_program *choose_triangle(const ad_program *all, size_t count, ad_error *error)
{
    const ad_allocator *allocator = all->options.allocator;
    const size_t chosen = 1 + count + count * (count + 1) / 2;
    size_t *which = ad_memory_take(allocator, ad_size_mul(chosen, sizeof *which)), *to = which;
    if (!which) {
        ad_fail(error, AD_MEMORY, "program_hessian: memory ran out: %zu outputs", chosen);
        return NULL;
    }
    for (size_t i = 0; i <= count; i++)
        *to++ = i;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j <= i; j++)
            *to++ = place_of_entry(count, i, j);
    ad_program *triangle = ad_program_choose(all, chosen, which, error);
    ad_memory_give(allocator, which, chosen * sizeof *which);
    return triangle;
}

ad_program *ad_program_hessian(const ad_program *p, size_t count, const size_t *by, ad_error *error)
{
    const char *name = "program_hessian";
    if (!has_one_output(p, name, error))
        return NULL;
    ad_program *gradient = make_jacobian(name, p, count, by, error);
    ad_program *all = gradient ? make_jacobian(name, gradient, count, by, error) : NULL;
    ad_program *triangle = all ? choose_triangle(all, count, error) : NULL;
    ad_program_free(gradient);
    ad_program_free(all);
    return triangle;
}
