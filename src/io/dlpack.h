/* The structs of DLPack, whose layout is an agreement between libraries. */
#ifndef ADZE_IO_DLPACK_H
#define ADZE_IO_DLPACK_H

#include "adze/dlpack.h"

enum { AD_DL_MAJOR = 1, AD_DL_MINOR = 0, AD_DL_CPU = 1 };
enum { AD_DL_INT, AD_DL_UINT, AD_DL_FLOAT, AD_DL_BFLOAT = 4, AD_DL_BOOL = 6 }; /* codes of types */
enum { AD_DL_READ_ONLY = 1, AD_DL_IS_COPIED = 2 };                             /* flags */

typedef struct ad_dl_tensor {
    void *data;
    int32_t device, device_id;
    int32_t ndim;
    uint8_t code, bits; /* the type: AD_DL_INT ..., the bits of a lane */
    uint16_t lanes;
    int64_t *shape, *strides; /* strides in elements; NULL: row by row */
    uint64_t byte_offset;     /* from data to the first number */
} ad_dl_tensor;

struct DLManagedTensor {
    ad_dl_tensor tensor;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensor *self); /* NULL: nothing to end */
};

/* Whatever the version, all before the flags lies where it is. */
struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensorVersioned *self);
    uint64_t flags;
    ad_dl_tensor tensor;
};

#define AD_DL_AT(type, field, offset)                                      \
    _Static_assert(sizeof(void *) != 8 || offsetof(type, field) == offset, \
                   #type "." #field " is not where DLPack has it")
AD_DL_AT(ad_dl_tensor, device, 8);
AD_DL_AT(ad_dl_tensor, ndim, 16);
AD_DL_AT(ad_dl_tensor, code, 20);
AD_DL_AT(ad_dl_tensor, lanes, 22);
AD_DL_AT(ad_dl_tensor, shape, 24);
AD_DL_AT(ad_dl_tensor, strides, 32);
AD_DL_AT(ad_dl_tensor, byte_offset, 40);
AD_DL_AT(struct DLManagedTensor, manager_ctx, 48);
AD_DL_AT(struct DLManagedTensor, deleter, 56);
AD_DL_AT(struct DLManagedTensorVersioned, minor, 4);
AD_DL_AT(struct DLManagedTensorVersioned, manager_ctx, 8);
AD_DL_AT(struct DLManagedTensorVersioned, deleter, 16);
AD_DL_AT(struct DLManagedTensorVersioned, flags, 24);
AD_DL_AT(struct DLManagedTensorVersioned, tensor, 32);
#undef AD_DL_AT

#endif
