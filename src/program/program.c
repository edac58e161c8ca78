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

void ad_program_free(ad_program *p)
{
    if (!p)
        return;
    ad_scalar_free(p->scalar);
    ad_lane_forms_free(p->lanes, p->options.allocator);
    ad_memory_give(p->options.allocator, p, p->bytes);
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
