/* Operands that functions of tensors are called with to see what they refuse: any of them may be spoilt. */
#ifndef ADZE_TESTS_SLOTS_H
#define ADZE_TESTS_SLOTS_H

enum {
    A, /* f64 [2, 3] */
    B, /* the same */
    C, /* f64 [3, 2] */
    V, /* f64 [3] */
    W, /* the same */
    D, /* f64 [3, 3], positive definite */
    X, /* f64 [1, 3, 2]: a signal with two channels */
    F, /* f64 [1, 2, 3]: its filters, with one tap */
    L, /* i32 [2], labels below 2 */
    M, /* bool [2, 3] */
    SLOTS
};
#define BIT(slot)    (1u << (slot))
#define TWO_OF(a, b) ((ad_tensor[]){o[a], o[b]})

#endif
