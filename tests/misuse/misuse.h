/* Misuse of every exported function (RELIABILITY R11): a row each, in one of six tables. */
#ifndef ADZE_TESTS_MISUSE_H
#define ADZE_TESTS_MISUSE_H

#include <adze.h>
#include <check.h>

/* Operands that functions of tensors are called with; any of them may be spoilt. */
enum {
    A, /* f64 [2, 3] */
    B, /* the same */
    C, /* f64 [3, 2] */
    V, /* f64 [3] */
    W, /* the same */
    L, /* i32 [2], labels below 2 */
    M, /* bool [2, 3] */
    SLOTS
};
#define BIT(slot) (1u << (slot))

/* A function that makes a tensor of tensors. */
typedef struct op_row {
    const char *function; /* without ad_ */
    const char *op;       /* what its messages begin with */
    ad_tensor (*call)(const ad_tensor *o);
    unsigned uses;  /* slots */
    unsigned typed; /* those that cannot have any type */
} op_row;

/* A call of such a function that cannot be right, with good tensors. */
typedef struct bad_row {
    const char *op;
    ad_tensor (*call)(const ad_tensor *o);
    ad_status status;
} bad_row;

/* Any other function, and what it is put through. */
typedef struct call_row {
    const char *function;
    void (*run)(void);
} call_row;

extern const op_row op_rows[];
extern const bad_row bad_rows[];
extern const size_t op_row_count, bad_row_count;
extern const call_row object_rows[], sweep_rows[], check_rows[], model_rows[], operator_rows[];
extern const size_t object_row_count, sweep_row_count, check_row_count, model_row_count,
    operator_row_count;

/* Good operands on a tape. They borrow static numbers. */
void make_operands(ad_tape *t, ad_tensor *o);

/* The same shapes in a type that no typed slot takes. */
ad_tensor mistyped(ad_tape *t, int slot);

#endif
