/* Programs, inside: values, which nodes compute from others, one after the other.
 *
 * A value is known by its index. Constants come first, then inputs, then nodes in the order of their execution;
 * a node's operands have lower indices. All derived forms (scalar code, lanes, text) are made from this one. */
#ifndef ADZE_PROGRAM_PROGRAM_H
#define ADZE_PROGRAM_PROGRAM_H

#include "adze/program.h"
#include "program/operations.h"

/* What options can allow. */
enum { AD_ALLOW_KNOWN = AD_ALLOW_FMA | AD_ALLOW_RECIPROCALS | AD_ALLOW_EARLY_SUMS };

typedef struct ad_program_node {
    uint32_t op; /* ad_program_op_code */
    uint32_t of
        [3]; /* operands: indices of values. A guard's: the comparison, 0 or 1, which of the guards */
} ad_program_node;

typedef struct ad_scalar_code ad_scalar_code;
typedef struct ad_lane_forms ad_lane_forms;

struct ad_program {
    ad_program_options options;
    uint32_t constants, inputs, nodes, outputs, guards;
    const double *constant;        /* [constants] */
    const ad_program_node *node;   /* [nodes] */
    const uint32_t *output;        /* [outputs] values */
    const char *const *guard_line; /* [guards] the source lines, or NULL */
    ad_scalar_code *scalar;        /* for runs at one point */
    ad_lane_forms *lanes;          /* for runs at many */
    size_t bytes;                  /* of the struct and these lists, one piece of memory */
};

static inline uint32_t ad_program_first_node(const ad_program *p)
{
    return p->constants + p->inputs;
}

static inline uint32_t ad_program_values(const ad_program *p)
{
    return p->constants + p->inputs + p->nodes;
}

static inline bool ad_value_is_constant(const ad_program *p, uint32_t value)
{
    return value < p->constants;
}

static inline bool ad_value_is_input(const ad_program *p, uint32_t value)
{
    return value - p->constants < p->inputs;
}

/* The node of a value that is neither a constant nor an input. */
static inline const ad_program_node *ad_value_node(const ad_program *p, uint32_t value)
{
    return &p->node[value - ad_program_first_node(p)];
}

/* The line of a guard, for messages. */
static inline const char *ad_guard_line(const ad_program *p, uint32_t guard)
{
    return p->guard_line[guard] ? p->guard_line[guard] : "an unknown line";
}

/* Whether there is a program; else, unless *error holds a failure already, AD_MISUSE with the name of the
 * function in it. */
bool ad_program_given(const ad_program *p, const char *name, ad_error *error);

#endif
