# SPDX-License-Identifier: Apache-2.0
# Firmware for a Cortex-M3 without an operating system: cmake -DCMAKE_TOOLCHAIN_FILE=... (preset "firmware").
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)

# Whole programs need a linker script, which CMake's own probes do not have.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# Images are optimised as a whole, for a tenth less flash (lampyr_image() in CMakeLists.txt); other programs take the
# same objects as they are. Archives of such objects need the compiler's own tools.
# Points-to analysis, and no second scheduling, which a Cortex-M3 gains nothing from, are half a percent less flash.
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m3 -mthumb -ffunction-sections -fdata-sections")
string(APPEND CMAKE_C_FLAGS_INIT " -flto -ffat-lto-objects -fipa-pta -fno-schedule-insns2")
# What does not pay at -Os.
string(APPEND CMAKE_C_FLAGS_INIT " -fno-move-loop-invariants -fno-guess-branch-probability -fno-caller-saves")
set(CMAKE_AR arm-none-eabi-gcc-ar)
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib)

# The small variant of newlib, of which little more than memcpy() and its like is used.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles --specs=nano.specs -flto-partition=one -Wl,--gc-sections -Wl,--fatal-warnings")
