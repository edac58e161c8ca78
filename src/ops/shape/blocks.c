/* Blocks of pixels as channels, and back: depth_to_space, space_to_depth. They split axes, and put
 * the parts together in another order. */
#include "adze/ops.h"
#include "tape/apply.h"
#include "tape/failure.h"

static const char *check_image(const ad_shape *x, int64_t block)
{
    if (x->rank != 4)
        return "needs images, [n, height, width, channels]";
    return block >= 1 ? NULL : "the block must be at least 1";
}

static const char *depth_to_space_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int64_t block = *(const int64_t *)attr;
    const char *wrong = check_image(x, block);
    *y = *x;
    if (wrong)
        return wrong;
    if (x->dim[1] > INT64_MAX / block || x->dim[2] > INT64_MAX / block)
        return "the result is too large";
    return x->dim[3] % block == 0 && x->dim[3] / block % block == 0
               ? NULL
               : "the channels are no multiple of the block squared";
}

static const char *space_to_depth_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int64_t block = *(const int64_t *)attr;
    const char *wrong = check_image(x, block);
    *y = *x;
    if (wrong)
        return wrong;
    if (x->dim[3] > INT64_MAX / block / block)
        return "the result is too large";
    return x->dim[1] % block == 0 && x->dim[2] % block == 0
               ? NULL
               : "height and width are no multiples of the block";
}

AD_FORM(depth_to_space, 1, ad_type_first, depth_to_space_shape)
AD_FORM(space_to_depth, 1, ad_type_first, space_to_depth_shape)

ad_tensor ad_depth_to_space(ad_tensor x, int64_t block)
{
    AD_DOOR(x.tape, "depth_to_space", ad_dead(x));
    if (!ad_fits(&depth_to_space, &x, &block))
        return ad_dead(x);
    ad_shape s = ad_shape_of(x);
    int64_t n = s.dim[0], h = s.dim[1], w = s.dim[2], c = s.dim[3] / block / block;
    ad_tensor parts = ad_reshape(x, AD_SHAPE(n, h, w, block, block, c));
    return ad_reshape(ad_permute(parts, AD_AXES(0, 1, 3, 2, 4, 5)),
                      AD_SHAPE(n, h * block, w * block, c));
}

ad_tensor ad_space_to_depth(ad_tensor x, int64_t block)
{
    AD_DOOR(x.tape, "space_to_depth", ad_dead(x));
    if (!ad_fits(&space_to_depth, &x, &block))
        return ad_dead(x);
    ad_shape s = ad_shape_of(x);
    int64_t n = s.dim[0], h = s.dim[1] / block, w = s.dim[2] / block, c = s.dim[3];
    ad_tensor parts = ad_reshape(x, AD_SHAPE(n, h, block, w, block, c));
    return ad_reshape(ad_permute(parts, AD_AXES(0, 1, 3, 2, 4, 5)),
                      AD_SHAPE(n, h, w, c * block * block));
}
