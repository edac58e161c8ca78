/* Derivatives of programs: in reverse, and forward. */
#include "program/transform.h"

#include "base/memory.h"

/* ---- life --------------------------------------------------------------------------- */

/* Which values depend on the inputs that derivatives are by. */
static void find_varying(ad_transform *t, size_t count, const size_t *by)
{
    const ad_program *p = t->program;
    const uint32_t first = ad_program_first_node(p);
    for (uint32_t v = 0; v < first; v++)
        t->varies[v] = false;
    for (size_t i = 0; i < count; i++)
        t->varies[p->constants + ad_by(by, i)] = true;
    for (uint32_t i = 0; i < p->nodes; i++) {
        const ad_program_node *n = &p->node[i];
        bool varies = false;
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            varies = varies || t->varies[n->of[k]];
        t->varies[first + i] = varies && n->op != AD_PROGRAM_guard;
    }
}

static bool is_allowed(ad_transform *t, size_t count, const size_t *by)
{
    const uint32_t inputs = t->program->inputs;
    if (!by && count != inputs) {
        ad_build_fail(&t->build, AD_MISUSE, "%s: by is NULL, and %zu are not all %u inputs",
                      t->name, count, inputs);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (ad_by(by, i) >= inputs || (by && by[i] >= inputs)) {
            ad_build_fail(&t->build, AD_MISUSE, "%s: by input %zu of %u", t->name, by[i], inputs);
            return false;
        }
    return true;
}

bool ad_transform_begin(ad_transform *t, const char *name, const ad_program *p, size_t more_inputs,
                        size_t count, const size_t *by, ad_error *error)
{
    *t = (ad_transform){.name = name, .program = p, .slopes = {.build = &t->build}};
    ad_build_begin(&t->build, &p->options, ad_size_add(p->inputs, more_inputs), error);
    if (!is_allowed(t, count, by))
        return false;
    const size_t values = ad_program_values(p);
    t->bytes = ad_size_mul(values + p->inputs, sizeof *t->place + sizeof *t->varies);
    t->place = ad_memory_take(p->options.allocator, t->bytes);
    if (!t->place) {
        ad_build_fail(&t->build, AD_MEMORY, "%s: memory ran out: %zu bytes", t->name, t->bytes);
        return false;
    }
    uint32_t *input = t->place + values;
    t->varies = (bool *)(input + p->inputs);
    for (uint32_t i = 0; i < p->inputs; i++)
        input[i] = i;
    ad_build_expect(&t->build, ad_size_mul(4, p->nodes)); /* a gradient has about as many */
    ad_build_copy(&t->build, p, input, t->place);
    find_varying(t, count, by);
    return t->build.status == AD_OK;
}

void ad_transform_end(ad_transform *t)
{
    ad_slopes_end(&t->slopes);
    if (t->place)
        ad_memory_give(t->program->options.allocator, t->place, t->bytes);
    t->place = NULL;
}

/* ---- flows -------------------------------------------------------------------------- */

ad_flow *ad_transform_take(ad_transform *t, size_t count)
{
    size_t bytes = ad_size_mul(count, sizeof(ad_flow));
    ad_flow *flows = ad_memory_take(t->program->options.allocator, bytes);
    if (!flows)
        ad_build_fail(&t->build, AD_MEMORY, "%s: memory ran out: %zu bytes", t->name, bytes);
    for (size_t i = 0; flows && i < count; i++)
        flows[i] = (ad_flow){AD_NO_VALUE, false};
    return flows;
}

void ad_transform_give(ad_transform *t, ad_flow *flows, size_t count)
{
    if (flows)
        ad_memory_give(t->program->options.allocator, flows, count * sizeof *flows);
}

uint32_t ad_transform_value(ad_transform *t, ad_flow flow)
{
    return flow.value == AD_NO_VALUE ? ad_build_constant(&t->build, 0) : flow.value;
}

/* The copies of a node's operands. */
static void find_operands(const ad_transform *t, const ad_program_node *n, uint32_t *operand)
{
    for (uint32_t k = 0; k < 3; k++)
        operand[k] = k < ad_program_ops[n->op].arity ? t->place[n->of[k]] : AD_NO_VALUE;
}

uint32_t ad_transform_slope(ad_transform *t, uint32_t v, uint32_t k)
{
    const ad_program_node *n = ad_value_node(t->program, v);
    uint32_t operand[3];
    find_operands(t, n, operand);
    return ad_slope_by(&t->slopes, n->op, k, operand, t->place[v]);
}

void ad_transform_reverse(ad_transform *t, ad_flow *adjoint)
{
    const uint32_t first = ad_program_first_node(t->program);
    for (uint32_t v = first + t->program->nodes; v-- > first && t->build.status == AD_OK;) {
        const ad_program_node *n = ad_value_node(t->program, v);
        if (adjoint[v].value == AD_NO_VALUE || !t->varies[v])
            continue;
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            if (t->varies[n->of[k]]) {
                ad_flow *to = &adjoint[n->of[k]];
                ad_flow term = ad_flow_multiply(&t->build, adjoint[v], ad_transform_slope(t, v, k));
                *to = ad_flow_add(&t->build, *to, term);
            }
    }
}

/* All directions of a node together, so that loops in the program stay loops. */
static void add_tangents(ad_transform *t, uint32_t slope, size_t directions, const ad_flow *from,
                         ad_flow *to)
{
    for (size_t d = 0; d < directions; d++)
        to[d] = ad_flow_add(&t->build, to[d], ad_flow_multiply(&t->build, from[d], slope));
}

void ad_transform_forward(ad_transform *t, size_t directions, ad_flow *tangent)
{
    const uint32_t first = ad_program_first_node(t->program);
    for (uint32_t v = first; v < first + t->program->nodes && t->build.status == AD_OK; v++) {
        const ad_program_node *n = ad_value_node(t->program, v);
        for (uint32_t k = 0; t->varies[v] && k < ad_program_ops[n->op].arity; k++)
            if (t->varies[n->of[k]])
                add_tangents(t, ad_transform_slope(t, v, k), directions,
                             tangent + n->of[k] * directions, tangent + v * directions);
    }
}
