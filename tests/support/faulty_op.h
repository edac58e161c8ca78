/* An operation that can be wrong in many ways: y[i, j] = a[i, j]^2 b[j], with all rules, any strides
 * and something saved. Its attr says what is wrong with it. */
#ifndef ADZE_TESTS_FAULTY_OP_H
#define ADZE_TESTS_FAULTY_OP_H

#include "adze/op.h"

typedef enum fault {
    NONE,
    FACTOR,
    TRANSPOSED,
    NO_BROADCAST_SUM,
    NO_STRIDES,
    OVERWRITES,
    OVERWRITES_SECOND,
    IGNORES_ASSIGN,
    HALF_ASSIGNED,
    NEEDS_FIRST,
    WRITES_OPERAND,
    WRITES_RESULT,
    WRITES_SAVED,
    WRITES_DY,
    WRITES_UNWANTED,
    SPOILS_SPARE,
    WRONG_IN_F32,
    FORWARD_GAP,
    FORWARD_WRITES_OPERAND,
    FORWARD_NO_STRIDES,
    JVP_FACTOR,
    JVP_GAP,
    JVP_NEEDS_FIRST,
    JVP_WRITES_SAVED,
    CURVATURE_FACTOR,
    CURVATURE_OVERWRITES,
    CURVATURE_NO_SUM,
    CURVATURE_WRITES_UNWANTED,
} fault;

extern const ad_op weigh_op; /* its attr is a fault */

/* Numbers of either float type, by their place in memory. */
double number_at(const ad_view *v, int64_t i);
void put_number(const ad_array *a, int64_t i, double x);

#endif
