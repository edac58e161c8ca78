/* Misuse of every exported function (RELIABILITY R11): a row each. Those of operations are in tests/ops. */
#ifndef ADZE_TESTS_MISUSE_H
#define ADZE_TESTS_MISUSE_H

#include <adze.h>
#include <check.h>

#include "slots.h"

/* Any other function, and what it is put through. */
typedef struct call_row {
    const char *function;
    void (*run)(void);
} call_row;

extern const call_row object_rows[], sweep_rows[], check_rows[], model_rows[], operator_rows[],
    dlpack_rows[], file_rows[], model_file_rows[], table_rows[], program_rows[], sparse_rows[];
extern const size_t object_row_count, sweep_row_count, check_row_count, model_row_count,
    operator_row_count, dlpack_row_count, file_row_count, model_file_row_count, table_row_count,
    program_row_count, sparse_row_count;

/* A function of tensors that is not an op: a good call, and a call that cannot be right. */
typedef struct function_row {
    const char *function; /* without ad_ */
    const char *says;     /* what its messages begin with */
    ad_tensor (*call)(const ad_tensor *o);
    unsigned uses; /* slots, none of which takes any type */
} function_row;

typedef struct bad_row {
    const char *says;
    ad_tensor (*call)(const ad_tensor *o);
    ad_status status;
} bad_row;

extern const function_row function_rows[];
extern const bad_row bad_rows[];
extern const size_t function_row_count, bad_row_count;

/* Good operands on a tape. They borrow static numbers. */
void make_operands(ad_tape *t, ad_tensor *o);

/* The same shapes in a type that no typed slot takes. */
ad_tensor mistyped(ad_tape *t, int slot);

#endif
