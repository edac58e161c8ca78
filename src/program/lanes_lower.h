/* Making code for many points: what its parts share. lanes_lower.c finds out what is to be done, lanes_emit.c writes
 * it down. */
#ifndef ADZE_PROGRAM_LANES_LOWER_H
#define ADZE_PROGRAM_LANES_LOWER_H

#include "program/lanes.h"

enum { /* what is known of a value */
       AD_LANE_UNIFORM = 1,
       AD_LANE_NEEDED = 2,
       AD_LANE_EARLY = 4, /* a guard needs it */
       AD_LANE_FUSED =
           8, /* a product, or what is negated, that the instruction which needs it makes itself */
       AD_LANE_LINKED = 16, /* a sum that is a part of a chain which goes on */
       AD_LANE_LATE = 32,   /* computed once, of sums over points */
       AD_LANE_ADDED = 64,  /* is summed over points */
       AD_LANE_FIXED = 128  /* must be computed for each point */
};

#define AD_NOWHERE UINT32_MAX

enum { /* of a chain, at most */
       AD_CHAIN_TERMS = 64,
       AD_CHAIN_SPAN = 256 /* nodes */
};

typedef struct ad_lane_lowering {
    const ad_program *p;
    ad_lane_code *code;
    uint32_t *place;  /* [values] of a slot or among uniform values, or AD_NOWHERE */
    uint32_t *uses;   /* [values] left */
    uint32_t *sum;    /* [values] which of the sums over points, or AD_NOWHERE */
    uint32_t *total;  /* [values] of the sum over points: its place among uniform values */
    uint32_t *before; /* [values] of sums: the operand that a chain comes from */
    uint32_t *begin;  /* [values] the first sum of a chain */
    uint32_t *terms;  /* [values] of a chain up to here; 0: it is none */
    uint32_t *free;   /* [values + 3] slots */
    uint32_t frees;
    unsigned char *known; /* [values] */
} ad_lane_lowering;

static inline bool ad_lane_is(const ad_lane_lowering *l, uint32_t value, unsigned what)
{
    return (l->known[value] & what) == what;
}

static inline const ad_program_node *ad_lane_node(const ad_lane_lowering *l, uint32_t value)
{
    return ad_value_node(l->p, value);
}

/* Whether it is twice its operand. */
static inline bool ad_lane_doubles(const ad_lane_lowering *l, uint32_t sum)
{
    const ad_program_node *n = ad_lane_node(l, sum);
    return n->of[0] == n->of[1] && n->op == AD_PROGRAM_add;
}

/* What a sum adds to the operand that its chain comes from. */
static inline uint32_t ad_lane_term(const ad_lane_lowering *l, uint32_t sum)
{
    const ad_program_node *n = ad_lane_node(l, sum);
    return n->of[n->of[0] == l->before[sum]];
}

/* Writes all instructions, and where inputs and outputs are. */
void ad_lane_emit(ad_lane_lowering *l);

#endif
