/* Matrix products on one thread. gemm_kernel.c is compiled once for each float type and instruction
 * set; gemm.c chooses among the results. */
#ifndef ADZE_KERNELS_GEMM_KERNEL_H
#define ADZE_KERNELS_GEMM_KERNEL_H

#include "base/cpu.h"
#include "kernels/gemm.h"

/* c (+)= a b, with any strides of a and b. c's rows lie c_step apart, the numbers of each together. */
typedef struct ad_gemm_task {
    ad_matrix a, b;
    void *c;
    int64_t c_step;
    bool add;
    int64_t depth; /* terms that are summed in one go, up to AD_PRODUCT_DEPTH */
    void *room;    /* AD_PRODUCT_ROOM bytes, aligned to AD_ALIGNMENT */
} ad_gemm_task;

enum {
    AD_PRODUCT_DEPTH = 1024,
    AD_PRODUCT_ROOM = 4 * 64 * AD_PRODUCT_DEPTH, /* four vectors for each term */
    /* Between groups of so many columns, and between any rows, a product may be split among
     * threads: no bit of it changes. */
    AD_PRODUCT_COLUMNS = 48
};

typedef void ad_product_kernel(const ad_gemm_task *p);

/* How many terms of a b are best summed in one go. For the whole product: the bits depend on it. */
int64_t ad_product_depth(ad_type type, ad_matrix a, ad_matrix b);

#define AD_DECLARE_PRODUCTS(isa) ad_product_kernel ad_product_f32_##isa, ad_product_f64_##isa;
AD_ISA_LIST(AD_DECLARE_PRODUCTS)
#undef AD_DECLARE_PRODUCTS

#endif
