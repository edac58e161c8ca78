/* Programs: their life, size and runs. */
#include "program/build.h"
#include "program/lanes.h"
#include "program/scalar.h"

#include "base/memory.h"
#include "base/sized.h"

bool ad_program_given(const ad_program *p, const char *name, ad_error *error)
{
    if (!p && (!error || error->status == AD_OK))
        ad_fail(error, AD_MISUSE, "%s: the program is NULL", name);
    return p;
}

/* ---- size --------------------------------------------------------------------------- */

size_t ad_program_inputs(const ad_program *p)
{
    return p ? p->inputs : 0;
}

size_t ad_program_outputs(const ad_program *p)
{
    return p ? p->outputs : 0;
}

size_t ad_program_work(const ad_program *p)
{
    return p ? ad_scalar_work(p->scalar) : 0;
}

ad_status ad_program_measure(const ad_program *p, ad_program_info *info)
{
    ad_program_info found = {.size = sizeof found};
    if (!info)
        return AD_MISUSE;
    if (p)
        found = (ad_program_info){.size = sizeof found,
                                  .inputs = p->inputs,
                                  .outputs = p->outputs,
                                  .constants = p->constants,
                                  .operations = p->nodes,
                                  .guards = p->guards,
                                  .instructions = ad_scalar_instructions(p->scalar),
                                  .work = ad_scalar_work(p->scalar),
                                  .bytes = p->bytes + ad_scalar_bytes(p->scalar) +
                                           ad_lane_forms_bytes(p->lanes)};
    return ad_sized_write(info, &found, sizeof found, AD_END_OF(ad_program_info, bytes))
               ? AD_OK
               : AD_MISUSE;
}

/* ---- choosing outputs --------------------------------------------------------------- */

static ad_program *copy_chosen(const ad_program *p, size_t count, const size_t *which,
                               uint32_t *place, ad_error *error)
{
    ad_builder b;
    uint32_t *input = place + ad_program_values(p), *output = input + p->inputs;
    ad_build_begin(&b, &p->options, p->inputs, error);
    for (uint32_t i = 0; i < p->inputs; i++)
        input[i] = i;
    ad_build_copy(&b, p, input, place);
    for (size_t i = 0; i < count; i++)
        output[i] = place[p->output[which[i]]];
    return ad_build_end(&b, count, output);
}

ad_program *ad_program_choose(const ad_program *p, size_t count, const size_t *which,
                              ad_error *error)
{
    if (!ad_program_given(p, "program_choose", error))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!which || which[i] >= p->outputs) {
            ad_fail(error, AD_MISUSE, "program_choose: output %zu of a program with %u",
                    which ? which[i] : 0, p->outputs);
            return NULL;
        }
    size_t places = ad_size_add((size_t)ad_program_values(p) + p->inputs, count);
    size_t bytes = ad_size_mul(places, sizeof(uint32_t));
    uint32_t *place = ad_memory_take(p->options.allocator, bytes);
    if (!place) {
        ad_fail(error, AD_MEMORY, "program_choose: memory ran out: %zu bytes", bytes);
        return NULL;
    }
    ad_program *chosen = copy_chosen(p, count, which, place, error);
    ad_memory_give(p->options.allocator, place, bytes);
    return chosen;
}

/* ---- running ------------------------------------------------------------------------ */

ad_status ad_program_run(const ad_program *p, const double *x, double *y, double *work,
                         ad_error *error)
{
    if (!p || (p->inputs && !x) || (p->outputs && !y))
        return ad_fail(error, AD_MISUSE, "program_run: the program, x or y is NULL");
    size_t bytes = ad_size_mul(ad_scalar_work(p->scalar), sizeof *work);
    double *own = work ? NULL : ad_memory_take(p->options.allocator, bytes);
    if (!work && !own)
        return ad_fail(error, AD_MEMORY, "program_run: memory ran out: %zu bytes", bytes);
    uint32_t guard = ad_scalar_run(p->scalar, x, y, work ? work : own);
    if (own)
        ad_memory_give(p->options.allocator, own, bytes);
    if (guard == AD_NO_GUARD)
        return AD_OK;
    return ad_fail(error, AD_BRANCH,
                   "program_run: the comparison at %s has another outcome than recorded",
                   ad_guard_line(p, guard));
}
