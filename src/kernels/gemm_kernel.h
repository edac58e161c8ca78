/* Matrix products on one thread. gemm_kernel.c is compiled once for each float type and instruction
 * set, gemm_tall.c for those that gain by it; gemm.c chooses among the results. */
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
    void *room;    /* ad_product_room bytes, aligned to AD_ALIGNMENT */
} ad_gemm_task;

enum {
    AD_PRODUCT_DEPTH = 1024,
    AD_PRODUCT_ROOM = 4 * 64 * AD_PRODUCT_DEPTH, /* four vectors for each term */
    /* Between groups of so many columns, and between any rows, a product may be split among
     * threads: no bit of it changes. */
    AD_PRODUCT_COLUMNS = 48
};

typedef void ad_product_kernel(const ad_gemm_task *p);

/* How a product is best computed. The plan of the whole product holds for its parts: the bits depend on it. */
typedef struct ad_product_plan {
    ad_product_kernel *kernel;
    int64_t depth;
    bool tall; /* the kernel is one of gemm_tall.c */
    bool flat; /* threads share the sum */
} ad_product_plan;

ad_product_plan ad_plan_product(ad_isa isa, ad_type type, ad_matrix a, ad_matrix b);

/* Bytes that a part of so many rows and columns needs. */
size_t ad_product_room(const ad_product_plan *plan, ad_type type, int64_t rows, int64_t columns);

/* Bytes between the rows of cᵀ in the room of a tall product: whole lines of the cache, and an odd number of them,
 * so that the rows do not fall into the same sets. */
static inline int64_t ad_tall_row(int64_t rows, int64_t size)
{
    return ((rows * size + 127) / 128 * 2 + 1) * 64;
}

#define AD_DECLARE_PRODUCTS(isa) ad_product_kernel ad_product_f32_##isa, ad_product_f64_##isa;
AD_ISA_LIST(AD_DECLARE_PRODUCTS)
#undef AD_DECLARE_PRODUCTS

/* The sets that have kernels for tall products. With 16 registers the tiles would be no better than those of other
 * products. */
#if defined(__x86_64__)
#define AD_TALL_LIST(ROW) ROW(avx512)
#else
#define AD_TALL_LIST(ROW)
#endif
#define AD_DECLARE_TALL(isa) ad_product_kernel ad_tall_f32_##isa, ad_tall_f64_##isa;
AD_TALL_LIST(AD_DECLARE_TALL)
#undef AD_DECLARE_TALL

#endif
