/* Vectors as the rows of a square that is turned over its diagonal: the body of a function. */
#ifndef ADZE_KERNELS_TRANSPOSE_H
#define ADZE_KERNELS_TRANSPOSE_H

#define AD_LOW_2         0, 2
#define AD_HIGH_2        1, 3
#define AD_LOW_4         0, 4, 1, 5
#define AD_HIGH_4        2, 6, 3, 7
#define AD_LOW_8         0, 8, 1, 9, 2, 10, 3, 11
#define AD_HIGH_8        4, 12, 5, 13, 6, 14, 7, 15
#define AD_LOW_16        0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define AD_HIGH_16       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define AD_HALF_(of, n)  AD_HALF__(of, n)
#define AD_HALF__(of, n) AD_##of##_##n

/* As often as n can be halved: shuffles the n vectors v like two halves of a pack of cards. */
#define AD_TRANSPOSE(vec, n, v)                                                              \
    for (int round = 1; round < (n); round *= 2) {                                           \
        vec t[n];                                                                            \
        for (int i = 0; i < (n) / 2; i++) {                                                  \
            t[2 * i] = __builtin_shufflevector(v[i], v[i + (n) / 2], AD_HALF_(LOW, n));      \
            t[2 * i + 1] = __builtin_shufflevector(v[i], v[i + (n) / 2], AD_HALF_(HIGH, n)); \
        }                                                                                    \
        for (int i = 0; i < (n); i++)                                                        \
            v[i] = t[i];                                                                     \
    }

#endif
