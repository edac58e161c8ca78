/* Code for runs at one point: its life, size and runs. */
#include "program/scalar_code.h"

#include "base/memory.h"

#include <string.h>

void ad_scalar_free(ad_scalar_code *code)
{
    if (code)
        ad_memory_give(code->program->options.allocator, code, code->bytes);
}

size_t ad_scalar_work(const ad_scalar_code *code)
{
    return code->slots;
}

size_t ad_scalar_instructions(const ad_scalar_code *code)
{
    return code->instructions;
}

size_t ad_scalar_bytes(const ad_scalar_code *code)
{
    return code->bytes;
}

uint32_t ad_scalar_run(const ad_scalar_code *code, const double *x, double *y, double *work)
{
    const ad_program *p = code->program;
    if (p->constants)
        memcpy(work, p->constant, p->constants * sizeof *work);
    if (p->inputs)
        memcpy(work + p->constants, x, p->inputs * sizeof *work);
    uint32_t guard =
        code->is_long ? ad_scalar_run_long(code, work) : ad_scalar_run_short(code, work);
    for (uint32_t i = 0; i < p->outputs && guard == AD_NO_GUARD; i++)
        y[i] = work[code->output[i]];
    return guard;
}
