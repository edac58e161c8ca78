/* Building programs, node by node.
 *
 * What is known already is not computed again: operations on constants are, at once, and an operation on operands
 * that it has had before gives the same value. No rule here changes a bit of a result, signs of zeros among them,
 * in the rounding to nearest; only which NaN it is may change.
 *
 * (Constants, nodes and guards are in build.c, the rules in rewrite.c, the end in finish.c.)
 *
 * Values are known by references while the program grows. A failure sticks: from there on, all references are
 * AD_NO_VALUE, and ad_build_end returns NULL. */
#ifndef ADZE_PROGRAM_BUILD_H
#define ADZE_PROGRAM_BUILD_H

#include "program/program.h"

#define AD_BUILD_CONSTANT \
    UINT32_C(0x80000000) /* in a reference: a constant, else an input or a node */
#define AD_NO_VALUE UINT32_MAX

/* Nodes are found by their youngest operand: each value has a chain of nodes, which is short, as a rule, and in
 * cache, since new nodes take young operands. What a long chain has no room for is in a hash. */
typedef struct ad_build_chains {
    uint32_t *first; /* [inputs + nodes_room] node + 1, or 0 */
    uint32_t *next;  /* [nodes_room] the same */
} ad_build_chains;

/* A hash of places in a list, open, at most half full. */
typedef struct ad_build_index {
    uint64_t *entry; /* tag and place + 1, or 0 */
    uint32_t count, room;
} ad_build_index;

typedef struct ad_builder {
    ad_program_options options;
    ad_error *error;
    ad_status status;
    uint32_t inputs, nodes, nodes_room, constants, constants_room, guards, guards_room;
    ad_program_node *node; /* operands are references; [nodes] */
    double *constant;
    const char **guard_line;
    ad_build_chains chains;
    ad_build_index known, known_constants;
} ad_builder;

/* The first `inputs` references are the inputs. error may be NULL. */
void ad_build_begin(ad_builder *b, const ad_program_options *options, size_t inputs,
                    ad_error *error);

/* Room for so many nodes, so that the list need not grow. A failure sticks. */
void ad_build_expect(ad_builder *b, size_t nodes);

/* Keeps the first failure. */
ad_status ad_build_fail(ad_builder *b, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

uint32_t ad_build_constant(ad_builder *b, double value);

/* The value of an operation on as many operands as it has; others are not looked at. */
uint32_t ad_build(ad_builder *b, uint32_t op, uint32_t x, uint32_t y, uint32_t z);

/* A node as it is; it may be there already. And one that is known not to be there. */
uint32_t ad_build_node(ad_builder *b, const ad_program_node *n);
uint32_t ad_build_new_node(ad_builder *b, const ad_program_node *n);

/* The comparison must be true, or false. Nothing is added where it is a constant that is as expected. */
void ad_build_guard(ad_builder *b, uint32_t comparison, bool expected, const char *line);

/* Copies the nodes of a program, whose inputs are input[0], ...; place[v] becomes the reference of its value v,
 * for all ad_program_values(p) of them. */
void ad_build_copy(ad_builder *b, const ad_program *p, const uint32_t *input, uint32_t *place);

/* Gives the memory back. The status stays. */
void ad_build_release(ad_builder *b);

/* The program with these outputs, without what neither they nor guards need. Ends the building in any case. */
ad_program *ad_build_end(ad_builder *b, size_t count, const uint32_t *output);

static inline bool ad_is_constant(uint32_t reference)
{
    return reference & AD_BUILD_CONSTANT;
}

static inline double ad_constant_of(const ad_builder *b, uint32_t reference)
{
    return b->constant[reference & ~AD_BUILD_CONSTANT];
}

/* Of a node: neither a constant nor an input. */
static inline bool ad_is_node(const ad_builder *b, uint32_t reference)
{
    return !ad_is_constant(reference) && reference >= b->inputs;
}

static inline const ad_program_node *ad_node_of(const ad_builder *b, uint32_t reference)
{
    return &b->node[reference - b->inputs];
}

static inline bool ad_is_op(const ad_builder *b, uint32_t reference, uint32_t op)
{
    return ad_is_node(b, reference) && ad_node_of(b, reference)->op == op;
}

/* Of a comparison, or made of some: 0 or 1. */
static inline bool ad_is_truth(const ad_builder *b, uint32_t reference)
{
    return ad_is_node(b, reference) && ad_node_of(b, reference)->op >= AD_PROGRAM_less &&
           ad_node_of(b, reference)->op <= AD_PROGRAM_negation;
}

/* Short forms. */
static inline uint32_t ad_build_one(ad_builder *b, uint32_t op, uint32_t x)
{
    return ad_build(b, op, x, AD_NO_VALUE, AD_NO_VALUE);
}

static inline uint32_t ad_build_two(ad_builder *b, uint32_t op, uint32_t x, uint32_t y)
{
    return ad_build(b, op, x, y, AD_NO_VALUE);
}

#endif
