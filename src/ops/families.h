/* The tables that end the files of operations: each lists the ops of its file, and closes with
 * NULL. */
#ifndef ADZE_OPS_FAMILIES_H
#define ADZE_OPS_FAMILIES_H

#include "adze/op.h"

#define AD_FAMILY_LIST(FAMILY)                                                               \
    FAMILY(ad_unary_ops)         /* elementwise/unary.c: powers, exponentials, logarithms */ \
    FAMILY(ad_trigonometry_ops)  /* elementwise/trigonometry.c */                            \
    FAMILY(ad_activation_ops)    /* elementwise/activations.c: tanh and sigmoid, too */      \
    FAMILY(ad_special_ops)       /* elementwise/special.c: erf, lgamma and the like */       \
    FAMILY(ad_power_ops)         /* elementwise/power.c: powers with integers */             \
    FAMILY(ad_binary_ops)        /* elementwise/binary.c */                                  \
    FAMILY(ad_ternary_ops)       /* elementwise/ternary.c */                                 \
    FAMILY(ad_integer_ops)       /* elementwise/integers.c: floor_div, floor_mod */          \
    FAMILY(ad_compare_ops)       /* elementwise/compare.c: whatever makes masks */           \
    FAMILY(ad_select_ops)        /* elementwise/select.c: where, cast */                     \
    FAMILY(ad_product_ops)       /* product/product.c: matmul, dot */                        \
    FAMILY(ad_dense_ops)         /* product/dense.c */                                       \
    FAMILY(ad_cholesky_ops)      /* linalg/cholesky.c */                                     \
    FAMILY(ad_triangular_ops)    /* linalg/triangular.c */                                   \
    FAMILY(ad_det_ops)           /* linalg/det.c: det, slogdet, logdet */                    \
    FAMILY(ad_eigh_ops)          /* linalg/eigh.c: eigh, eigvalsh */                         \
    FAMILY(ad_svd_ops)           /* linalg/svd.c: svd, svdvals */                            \
    FAMILY(ad_qr_ops)            /* linalg/qr.c */                                           \
    FAMILY(ad_lu_ops)            /* linalg/lu.c: solve, inverse */                           \
    FAMILY(ad_convolution_ops)   /* spatial/convolution.c */                                 \
    FAMILY(ad_pooling_ops)       /* spatial/pooling.c: pooling, dilate */                    \
    FAMILY(ad_resize_ops)        /* spatial/resize.c */                                      \
    FAMILY(ad_sum_ops)           /* reduce/sum.c: sum, mean, unbroadcast */                  \
    FAMILY(ad_variance_ops)      /* reduce/variance.c: variance, std */                      \
    FAMILY(ad_extreme_ops)       /* reduce/extreme.c: max, min */                            \
    FAMILY(ad_prod_ops)          /* reduce/prod.c */                                         \
    FAMILY(ad_scan_ops)          /* reduce/scan.c: cumsum, cumprod, logcumsumexp */          \
    FAMILY(ad_norm_ops)          /* reduce/norm.c */                                         \
    FAMILY(ad_search_ops)        /* reduce/search.c: argmax, argmin */                       \
    FAMILY(ad_mask_ops)          /* reduce/masks.c: all, any, count_nonzero */               \
    FAMILY(ad_sort_ops)          /* reduce/sort.c: sort, argsort */                          \
    FAMILY(ad_logsumexp_ops)     /* reduce/logsumexp.c */                                    \
    FAMILY(ad_softmax_ops)       /* reduce/softmax.c: softmax, log_softmax */                \
    FAMILY(ad_shape_ops)         /* shape/shape.c */                                         \
    FAMILY(ad_slice_ops)         /* shape/slice.c: slice, flip */                            \
    FAMILY(ad_diagonal_ops)      /* shape/diagonal.c: diagonals and triangles */             \
    FAMILY(ad_join_ops)          /* shape/join.c: concat, stack */                           \
    FAMILY(ad_rearrange_ops)     /* shape/rearrange.c: roll, tile, repeat, pads */           \
    FAMILY(ad_gather_ops)        /* index/gather.c: gather, embedding, take_along_axis */    \
    FAMILY(ad_scatter_ops)       /* index/scatter.c: scatter_add, scatter_set */             \
    FAMILY(ad_scatter_list_ops)  /* index/scatter_lists.c: scatter_min and the like */       \
    FAMILY(ad_one_hot_ops)       /* index/one_hot.c */                                       \
    FAMILY(ad_loss_ops)          /* loss/loss.c: number by number */                         \
    FAMILY(ad_loss_row_ops)      /* loss/loss_rows.c: row by row */                          \
    FAMILY(ad_loss_label_ops)    /* loss/loss_labels.c: rows with integer labels */          \
    FAMILY(ad_normalisation_ops) /* neural/norms.c: layer, group, batch and the like */      \
    FAMILY(ad_attention_ops)     /* neural/attention.c */                                    \
    FAMILY(ad_position_ops)      /* neural/positions.c: rotary, sinusoidal */                \
    FAMILY(ad_cell_ops)          /* neural/cells.c: rnn, gru, lstm */                        \
    FAMILY(ad_given_norm_ops)    /* neural/given_norm.c */                                   \
    FAMILY(ad_cotangent_ops)     /* cotangents.c: operations on cotangents */                \
    FAMILY(ad_noise_ops)         /* random/noise.c: dropout */

#define AD_FAMILY(table) extern const ad_op *const table[];
AD_FAMILY_LIST(AD_FAMILY)
#undef AD_FAMILY

#endif
