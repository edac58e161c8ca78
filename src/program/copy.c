/* Copying programs into builders. */
#include "program/build.h"

#include <string.h>

/* A node of another program, by references. */
static ad_program_node in_references(const ad_program_node *n, const uint32_t *place)
{
    ad_program_node copy = {n->op, {AD_NO_VALUE, AD_NO_VALUE, AD_NO_VALUE}};
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        copy.of[k] = place[n->of[k]];
    return copy;
}

/* Whether the copy is as the program: then its nodes are known to be all different. */
static bool is_plain_copy(const ad_builder *b, const ad_program *p, const uint32_t *input)
{
    bool plain = b->nodes == 0 && b->constants == 0 &&
                 !(b->options.allow & AD_ALLOW_RECIPROCALS); /* those that were dropped come back */
    for (uint32_t i = 0; i < p->inputs && plain; i++)
        plain = input[i] == i;
    return plain;
}

void ad_build_copy(ad_builder *b, const ad_program *p, const uint32_t *input, uint32_t *place)
{
    const bool plain = is_plain_copy(b, p, input);
    for (uint32_t v = 0; v < p->constants; v++)
        place[v] = ad_build_constant(b, p->constant[v]);
    if (p->inputs)
        memcpy(place + p->constants, input, p->inputs * sizeof *input);
    uint32_t *to = place + ad_program_first_node(p);
    for (const ad_program_node *n = p->node; n < p->node + p->nodes; n++, to++) {
        const ad_program_node copy = in_references(n, place);
        *to = AD_NO_VALUE;
        if (n->op == AD_PROGRAM_guard)
            ad_build_guard(b, copy.of[0], n->of[1], p->guard_line[n->of[2]]);
        else if (!plain)
            *to = ad_build(b, copy.op, copy.of[0], copy.of[1], copy.of[2]);
        else
            *to = ad_build_new_node(b, &copy);
    }
}
