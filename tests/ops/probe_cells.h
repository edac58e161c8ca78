/* What operations have been seen with while check_cells ran. */
#ifndef ADZE_TESTS_PROBE_CELLS_H
#define ADZE_TESTS_PROBE_CELLS_H

#include "adze/op.h"
#include "adze/ops.h"

typedef enum derivative { PULLBACK, JVP, SECOND, DERIVATIVE_COUNT } derivative;

/* Of a node's operands: some broadcasts, lies at strides, is there twice, is empty, is of rank 0. Or
 * none of this. */
typedef enum trait {
    PLAIN,
    BROADCAST,
    STRIDED,
    REPEATED_OPERAND,
    EMPTY,
    RANK_0,
    TRAIT_COUNT
} trait;

bool seen_with(const ad_op *op, ad_type type, derivative d, trait what);

/* The most float operands with a derivative that a node of the op has had. */
int most_operands_of(const ad_op *op);

/* Whether the op's operands may broadcast. */
bool can_broadcast(const ad_op *op);

#endif
