# SPDX-License-Identifier: Apache-2.0
# Firmware for a Cortex-M3 without an operating system: cmake -DCMAKE_TOOLCHAIN_FILE=... (preset "firmware").
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)

# Whole programs need a linker script, which CMake's own probes do not have.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# The whole program is optimised at once: a tenth less flash. Archives of such objects need the compiler's own tools.
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m3 -mthumb -ffunction-sections -fdata-sections -flto -fno-fat-lto-objects -flto-partition=one")
set(CMAKE_AR arm-none-eabi-gcc-ar)
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib)
# The small variant of newlib, of which little more than memcpy() and its like is used.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles --specs=nano.specs -Wl,--gc-sections -Wl,--fatal-warnings")
