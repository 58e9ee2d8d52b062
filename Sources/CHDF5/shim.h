#include <hdf5.h>

/* HDF5 spells these as macros that call functions, which Swift does not see. */
static inline hid_t crema_h5_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t crema_h5_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t crema_h5_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t crema_h5_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t crema_h5_c_string(void) { return H5T_C_S1; }
static inline hid_t crema_h5_link_creation(void) { return H5P_LINK_CREATE; }
static inline unsigned crema_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned crema_h5_truncate(void) { return H5F_ACC_TRUNC; }
