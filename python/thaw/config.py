"""TensorFlow's tf.config, as far as scripts that convert and run detectors use it.

Where TensorFlow has GPUs, thaw has the device that it runs models on: the best of this machine,
the CPU where there is no other. It is listed as the one "GPU", so that a script that asks for a
virtual GPU of 3072 MB goes on working: the figure becomes thaw's memory limit, for what
thaw.trt_convert, thaw.saved_model and thaw.tf build afterwards.
"""

import collections

PhysicalDevice = collections.namedtuple("PhysicalDevice", ["name", "device_type"])
LogicalDevice = collections.namedtuple("LogicalDevice", ["name", "device_type"])

_MiB = 1 << 20


class LogicalDeviceConfiguration(
        collections.namedtuple("LogicalDeviceConfiguration",
                               ["memory_limit", "experimental_priority"])):
    """`memory_limit` is in MiB, as TensorFlow has it; None is no limit."""
    __slots__ = ()

    def __new__(cls, memory_limit=None, experimental_priority=None,
                experimental_device_ordinal=None):
        if memory_limit is not None and not memory_limit > 0:
            raise ValueError("memory_limit=%r: a number of MiB above 0 was expected"
                             % (memory_limit,))
        return super(LogicalDeviceConfiguration, cls).__new__(cls, memory_limit,
                                                              experimental_priority)


_DEVICES = {"CPU": PhysicalDevice("/physical_device:CPU:0", "CPU"),
            "GPU": PhysicalDevice("/physical_device:GPU:0", "GPU")}
_configurations = {}
_growth = {}


def memory_limit():
    """Bytes that plans, weights and runs may take; None: the machine's."""
    limits = [c.memory_limit for c in _configurations.get("GPU", []) if c.memory_limit]
    return int(limits[0] * _MiB) if limits else None


def list_physical_devices(device_type=None):
    """The CPU, and as "GPU" the device that thaw runs models on."""
    return [d for kind, d in _DEVICES.items() if device_type in (None, kind)]


def list_logical_devices(device_type=None):
    return [LogicalDevice(d.name.replace("physical_device", "device"), d.device_type)
            for d in list_physical_devices(device_type)]


def get_visible_devices(device_type=None):
    return list_physical_devices(device_type)


def set_visible_devices(devices, device_type=None):
    """Nothing to choose: thaw has one device, and takes the best."""
    for device in devices if isinstance(devices, (list, tuple)) else [devices]:
        _known(device)


def _known(device):
    if device not in _DEVICES.values():
        raise ValueError("%r: a device of list_physical_devices() was expected" % (device,))
    return device.device_type


def set_logical_device_configuration(device, logical_devices):
    """The memory limit of the first of `logical_devices` becomes thaw's.

    Raises ValueError for several of them: thaw has one device."""
    kind = _known(device)
    configurations = list(logical_devices or [])
    if len(configurations) > 1:
        raise ValueError("%d logical devices: thaw runs on one, give one configuration"
                         % len(configurations))
    if kind == "CPU" and any(c.memory_limit for c in configurations):
        raise ValueError("a memory limit of the CPU is not set here: TensorFlow has none either; "
                         "give it to list_physical_devices('GPU')[0], which thaw runs on")
    _configurations[kind] = configurations


def get_logical_device_configuration(device):
    return _configurations.get(_known(device))


def get_memory_growth(device):
    return _growth.get(_known(device), True)


def set_memory_growth(device, enable):
    """Noted: thaw takes memory when it needs it, never all of it beforehand."""
    _growth[_known(device)] = bool(enable)


def get_device_details(device):
    """{"device_name": ...}, of what the device really is."""
    _known(device)
    from . import devices
    return {"device_name": devices()[0].model}


def set_soft_device_placement(enabled):
    """Nothing to do: what a device can't run runs on the host always."""


def run_functions_eagerly(run_eagerly):
    """Nothing to do: a model is run as it is."""


class optimizer:
    """tf.config.optimizer: thaw's passes have no such switches."""

    @staticmethod
    def set_jit(enabled):
        """Nothing to do."""

    @staticmethod
    def set_experimental_options(options):
        """Nothing to do."""


class threading:
    """tf.config.threading: `threads` of what is built afterwards."""
    _threads = 0

    @classmethod
    def set_intra_op_parallelism_threads(cls, num_threads):
        if num_threads < 0:
            raise ValueError("num_threads=%r: 0 or more were expected" % (num_threads,))
        cls._threads = int(num_threads)

    @classmethod
    def get_intra_op_parallelism_threads(cls):
        return cls._threads

    @staticmethod
    def set_inter_op_parallelism_threads(num_threads):
        """Nothing to do: one layer runs after another."""

    @staticmethod
    def get_inter_op_parallelism_threads():
        return 0


class experimental:
    """tf.config.experimental: the older names."""
    VirtualDeviceConfiguration = LogicalDeviceConfiguration
    list_physical_devices = staticmethod(list_physical_devices)
    list_logical_devices = staticmethod(list_logical_devices)
    get_visible_devices = staticmethod(get_visible_devices)
    set_visible_devices = staticmethod(set_visible_devices)
    set_virtual_device_configuration = staticmethod(set_logical_device_configuration)
    get_virtual_device_configuration = staticmethod(get_logical_device_configuration)
    set_memory_growth = staticmethod(set_memory_growth)
    get_memory_growth = staticmethod(get_memory_growth)
    get_device_details = staticmethod(get_device_details)
