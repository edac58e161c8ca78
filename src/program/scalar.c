/* Code for runs at one point: the nodes as they are, a number for each value. */
#include "program/scalar.h"

#include "base/memory.h"

#include <string.h>

struct ad_scalar_code {
    const ad_program *program;
};

ad_scalar_code *ad_scalar_lower(const ad_program *p)
{
    ad_scalar_code *code = ad_memory_take(p->options.allocator, sizeof *code);
    if (code)
        code->program = p;
    return code;
}

void ad_scalar_free(ad_scalar_code *code)
{
    if (code)
        ad_memory_give(code->program->options.allocator, code, sizeof *code);
}

size_t ad_scalar_work(const ad_scalar_code *code)
{
    return ad_program_values(code->program);
}

size_t ad_scalar_instructions(const ad_scalar_code *code)
{
    return code->program->nodes;
}

size_t ad_scalar_bytes(const ad_scalar_code *code)
{
    return sizeof *code;
}

uint32_t ad_scalar_run(const ad_scalar_code *code, const double *x, double *y, double *work)
{
    const ad_program *p = code->program;
    double *next = work + ad_program_first_node(p);
    memcpy(work, p->constant, p->constants * sizeof *work);
    memcpy(work + p->constants, x, p->inputs * sizeof *work);
    for (const ad_program_node *n = p->node; n < p->node + p->nodes; n++, next++) {
        const uint32_t arity = ad_program_ops[n->op].arity;
        if (n->op == AD_PROGRAM_guard) {
            if ((work[n->of[0]] != 0) != n->of[1])
                return n->of[2];
            continue;
        }
        *next = ad_program_value(n->op, work[n->of[0]], arity > 1 ? work[n->of[1]] : 0,
                                 arity > 2 ? work[n->of[2]] : 0);
    }
    for (uint32_t i = 0; i < p->outputs; i++)
        y[i] = work[p->output[i]];
    return AD_NO_GUARD;
}
